// Counts messages and their sizes by type. Inbound adds what comes in, the writer what goes out; read for the metrics of a node.
// Guarantees: the types are those of the contract and Halyard's own, every other one is `other`; nothing is allocated for a message of
// a type that was counted before.

/** Messages and their sizes, since the start. */
export interface Traffic {
  readonly messages: number;
  /** In UTF-16 units of the frames' text, which are bytes where it is ASCII; before compression. */
  readonly bytes: number;
}

/** The frames that are no message of a contract. */
const OWN_TYPES = new Set(
  `hello ping join leave request authenticate skip welcome pong reply joined left gap reconnect error
  chat_message typing_indicator announcement user_list user_joined user_left`.split(/\s+/),
);
const OTHER = "other";
/** How every frame of the server begins. */
const START = '{"type":"';
/** How many types a turn usually has. */
const RECENT = 4;

interface Counter {
  readonly type: string;
  /** How a frame of the type begins. */
  readonly start: string;
  messages: number;
  bytes: number;
}

/** What was counted in one direction. */
export class TrafficCounters {
  readonly #counters = new Map<string, Counter>();
  readonly #isKnown: (type: string) => boolean;
  /** The types that frames had last: most frames are recognized by their beginning. */
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

  /** What was counted, by type. */
  read(): Readonly<Record<string, Traffic>> {
    return Object.fromEntries(
      Array.from(this.#counters.values(), ({ type, messages, bytes }) => [type, { messages, bytes }]),
    );
  }

  #ofFrame(text: string): Counter {
    // eslint-disable-next-line @typescript-eslint/prefer-for-of -- the iterator of a `for-of` is memory for each frame
    for (let index = 0; index < this.#recent.length; index++) {
      const counter = this.#recent[index];
      if (counter !== undefined && text.startsWith(counter.start)) return counter;
    }
    const end = text.startsWith(START) ? text.indexOf('"', START.length) : -1;
    const counter = this.#of(end === -1 ? OTHER : text.slice(START.length, end));
    // Frames of types that are not known have no beginning in common.
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
