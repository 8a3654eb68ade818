// Receives the presence events of all nodes, which Redis pushes. Used by redis-backplane.ts and presence-writer.ts.
// Guarantee: events are in order and complete, or `onHole` is called before the events after a hole.
import type { Clock, PresenceEvent } from "@halyard/server";

export interface PresenceStreamParts {
  readonly clock: Clock;
  readonly onEvents: (events: readonly PresenceEvent[]) => void;
  readonly onHole: () => void;
}

/** An event as scripts/presence-common.lua writes it; without `profile`, the user has left. */
interface RawEvent {
  readonly off: string;
  readonly user: string;
  readonly room?: string;
  readonly total: number;
  readonly profile?: string;
  readonly since?: string;
  readonly state?: string;
  readonly isNew?: boolean;
  readonly isStateOnly?: boolean;
}

/** How long a caller waits for its own events, which never arrive after a lost connection. */
const WAIT_MS = 1_500;

/** Tracks the position of this node in the stream of presence events. */
export class PresenceStream {
  readonly #parts: PresenceStreamParts;
  #offset = 0;
  /** Undefined until the first events on a new connection. */
  #last: string | undefined;
  #waiting: { readonly offset: number; readonly resolve: () => void }[] = [];

  constructor(parts: PresenceStreamParts) {
    this.#parts = parts;
  }

  /** @throws SyntaxError or TypeError for a text that is not a message */
  receive(text: string): void {
    const { prev, events } = JSON.parse(text) as {
      readonly prev: string;
      readonly events: readonly RawEvent[];
    };
    const last = events.at(-1)?.off;
    if (typeof prev !== "string" || last === undefined || !events.every(isEvent))
      throw new TypeError("not a message of presence");
    const hasHole = this.#last !== undefined && this.#last !== prev;
    this.#last = last;
    this.#offset = Math.max(this.#offset, Number(last));
    // Called before the events, while the receiver is still at its last certain position.
    if (hasHole) this.#parts.onHole();
    this.#parts.onEvents(events.map(toEvent));
    const due = this.#waiting.filter(({ offset }) => offset <= this.#offset);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ offset }) => offset > this.#offset);
    for (const { resolve } of due) resolve();
  }

  /** Call when the connection was replaced. Events may be missing, which the caller reports. */
  restart(): void {
    this.#last = undefined;
  }

  /** Resolves when this node has the events up to an offset, or probably never will. */
  async whenAt(offset: number): Promise<void> {
    if (offset <= this.#offset) return;
    const { clock } = this.#parts;
    await new Promise<void>((resolve) => {
      const timer = clock.setTimeout(resolve, WAIT_MS);
      this.#waiting.push({
        offset,
        resolve: () => {
          clock.clearTimeout(timer);
          resolve();
        },
      });
    });
    this.#waiting = this.#waiting.filter((waiting) => waiting.offset !== offset);
  }
}

/** Validates an event, because an offset that is not a number could never be reached. */
function isEvent({ off, user, room, total, profile, since, state }: RawEvent): boolean {
  const isPlace = Number.isSafeInteger(Number(off)) && typeof user === "string" && typeof total === "number";
  const isRoom = room === undefined || typeof room === "string";
  const isEntry = profile === undefined || (typeof profile === "string" && Number.isFinite(Number(since)));
  return isPlace && isRoom && isEntry && (state === undefined || typeof state === "string");
}

function toEvent(event: RawEvent): PresenceEvent {
  const { off, user, room, total, profile, since, state, isNew = true, isStateOnly } = event;
  const position = { stream: 0, off: Number(off), total, room };
  if (profile === undefined) return { kind: "left", user, ...position };
  const entry = { user, profile, since: Number(since), ...(state !== undefined && { state }) };
  return { kind: "joined", entry, isNew, ...(isStateOnly === true && { isStateOnly }), ...position };
}
