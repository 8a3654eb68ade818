// The link between one node of a shared backplane and the store, with the faults of a network.
// The node sends its operations over the link, and the store its events.
// Guarantee: a call settles within its deadline; events of one node keep their order, and calls may overtake each other.
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "@halyard/server";

/** The faults of calls. */
export interface LinkFaults {
  /** The range of the random latency, in ms. */
  readonly latencyMs: { readonly min: number; readonly max: number };
  /** The chances of a fault, from 0 to 1. */
  readonly lostReplies: number;
  readonly doubledCalls: number;
}

export interface StoreLinkParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly faults: LinkFaults;
}

/** `cut`: messages are lost, also those that wait. `frozen`: messages wait until the link is up. `dead`: the node sends and receives no more messages. */
type LinkState = "up" | "cut" | "frozen" | "dead";

/** The time after which a call without a reply fails, in ms. */
const DEADLINE_MS = 1_500;

/** The link between one node and the store. */
export class StoreLink {
  readonly #parts: StoreLinkParts;
  #state: LinkState = "up";
  /** The events on their way to the node, in their order. */
  readonly #events: (() => void)[] = [];
  #lastEventAt = 0;
  /** The messages that wait because the link is frozen. */
  #held: (() => void)[] = [];
  #failure: { readonly since: number } | undefined;
  #hasLost = false;

  constructor(parts: StoreLinkParts) {
    this.#parts = parts;
  }

  get state(): LinkState {
    return this.#state;
  }

  set state(state: LinkState) {
    if (this.#state === "dead") return;
    this.#state = state;
    if (state === "frozen") return;
    this.#hasLost = state === "cut";
    const held = this.#held;
    this.#held = [];
    if (state === "up") for (const go of held) go();
  }

  /** Whether the link was cut since it was last up, so that events may be missing. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  /** The time since which calls fail, in ms; undefined while they succeed. */
  get failingSince(): number | undefined {
    return this.#failure?.since;
  }

  /** Runs an operation in the store. Rejects with `unavailable` if no reply comes; the operation may have had its effect. */
  call<TResult>(operation: () => TResult): Promise<TResult> {
    const { clock, faults, random } = this.#parts;
    return new Promise((resolve, reject) => {
      const deadline = clock.setTimeout(() => {
        if (this.#state === "dead") return;
        this.#failure ??= { since: clock.now() };
        reject(new HalyardError("unavailable"));
      }, DEADLINE_MS);
      const reply = (settle: () => void): void => {
        if (random() < faults.lostReplies) return;
        this.#carry(() => {
          clock.clearTimeout(deadline);
          this.#failure = undefined;
          settle();
        });
      };
      this.#carry(() => {
        reply(settlementOf(operation, resolve, reject));
        if (random() < faults.doubledCalls)
          this.#carry(() =>
            settlementOf(
              operation,
              () => {},
              () => {},
            ),
          );
      });
    });
  }

  /** Sends an event of the store to the node. The event is lost while the link is cut. */
  push(deliver: () => void): void {
    if (this.#state === "cut" || this.#state === "dead") return;
    const { clock } = this.#parts;
    const now = clock.now();
    this.#lastEventAt = Math.max(this.#lastEventAt, now + this.#latency());
    this.#events.push(deliver);
    const deliverFirst = (): void => {
      const first = this.#events.shift();
      if (this.#state === "frozen") this.#held.push(() => first?.());
      else if (this.#state === "up") first?.();
    };
    this.#after(this.#lastEventAt - now, deliverFirst);
  }

  /** Carries a message in one direction, after half of a latency. */
  #carry(arrive: () => void): void {
    this.#after(this.#latency() / 2, () => {
      if (this.#state === "up") arrive();
      else if (this.#state === "frozen") this.#held.push(arrive);
    });
  }

  #latency(): number {
    const { faults, random } = this.#parts;
    const { min, max } = faults.latencyMs;
    return max === 0 ? 0 : min + random() * (max - min);
  }

  #after(ms: number, run: () => void): void {
    const { clock } = this.#parts;
    if (ms > 0) clock.setTimeout(run, ms);
    else clock.setImmediate(run);
  }
}

/** Runs an operation at once. @returns a function that settles the call with its result */
function settlementOf<TResult>(
  operation: () => TResult,
  resolve: (result: TResult) => void,
  reject: (error: unknown) => void,
): () => void {
  try {
    const result = operation();
    return () => resolve(result);
  } catch (error) {
    return () => reject(error);
  }
}
