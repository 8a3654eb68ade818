// Counts messages and their sizes by type. Inbound adds received ones, the writer adds sent ones; the metrics of a node read it.
// Guarantees: the types are those of the contract and Halyard's own, all others count as `other`; no allocation for a message of
// a type that was counted before.

/** The number of messages and their sizes since the start. */
export interface Traffic {
  readonly messages: number;
  /** The length of the frames' text in UTF-16 units, which equal bytes for ASCII; before compression. */
  readonly bytes: number;
}

/** The frame types that do not belong to a contract. */
const OWN_TYPES = new Set(
  `hello ping join leave presence_update request authenticate skip welcome pong reply joined left gap reconnect error
  chat_message typing_indicator announcement user_list user_joined user_left`.split(/\s+/),
);
const OTHER = "other";
/** The beginning of every frame of the server. */
const START = '{"type":"';
/** How many different types a turn usually has. */
const RECENT = 4;

interface Counter {
  readonly type: string;
  /** The beginning of a frame of this type. */
  readonly start: string;
  messages: number;
  bytes: number;
}

/** The counters of one direction. */
export class TrafficCounters {
  readonly #counters = new Map<string, Counter>();
  readonly #isKnown: (type: string) => boolean;
  /** The types of the latest frames, because most frames are recognized by their beginning. */
  readonly #recent: Counter[] = [];

  /** @param isKnown whether the contract or a handler has the type */
  constructor(isKnown: (type: string) => boolean) {
    this.#isKnown = isKnown;
  }

  add(type: string, bytes: number): void {
    const counter = this.#of(type);
    counter.messages++;
    counter.bytes += bytes;
  }

  /** @param deliveries how many connections the frame went to */
  addFrame(text: string, deliveries: number): string {
    const counter = this.#ofFrame(text);
    counter.messages += deliveries;
    counter.bytes += deliveries * text.length;
    return counter.type;
  }

  /** The counts by type. */
  read(): Readonly<Record<string, Traffic>> {
    return Object.fromEntries(
      Array.from(this.#counters.values(), ({ type, messages, bytes }) => [type, { messages, bytes }]),
    );
  }

  #ofFrame(text: string): Counter {
    // eslint-disable-next-line @typescript-eslint/prefer-for-of -- `for-of` would allocate an iterator for each frame
    for (let index = 0; index < this.#recent.length; index++) {
      const counter = this.#recent[index];
      if (counter !== undefined && text.startsWith(counter.start)) return counter;
    }
    const end = text.startsWith(START) ? text.indexOf('"', START.length) : -1;
    const counter = this.#of(end === -1 ? OTHER : text.slice(START.length, end));
    // Frames of unknown types have no common beginning.
    if (counter.type !== OTHER) {
      if (this.#recent.length === RECENT) this.#recent.pop();
      this.#recent.unshift(counter);
    }
    return counter;
  }

  #of(type: string): Counter {
    return this.#counters.get(type) ?? this.#create(type);
  }

  #create(type: string): Counter {
    if (type !== OTHER && !OWN_TYPES.has(type) && !this.#isKnown(type)) return this.#of(OTHER);
    const counter = { type, start: `${START}${type}"`, messages: 0, bytes: 0 };
    this.#counters.set(type, counter);
    return counter;
  }
}
