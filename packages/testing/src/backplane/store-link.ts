// The way between one node of a shared backplane and the store, with everything that happens to messages on a network.
// The node sends its operations over it, and the store its events.
// Guarantee: a call settles within its deadline; events of one node keep their order, and calls may overtake each other.
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "@halyard/server";

/** What may happen to a call. */
export interface LinkFaults {
  /** In milliseconds. */
  readonly latencyMs: { readonly min: number; readonly max: number };
  /** Chances from 0 to 1. */
  readonly lostReplies: number;
  readonly doubledCalls: number;
}

export interface StoreLinkParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly faults: LinkFaults;
}

/** `frozen`: what is on its way waits, and goes on later. `dead`: the node sends and receives nothing more. */
type LinkState = "up" | "cut" | "frozen" | "dead";

const DEADLINE_MS = 1_500;

/** The way between one node and the store. */
export class StoreLink {
  readonly #parts: StoreLinkParts;
  #state: LinkState = "up";
  /** Deliveries on their way to the node; each of them is due at its time or later. */
  readonly #events: (() => void)[] = [];
  #lastEventAt = 0;
  /** What goes on when the link is no longer frozen. */
  #held: (() => void)[] = [];
  #failure: { readonly since: number } | undefined;

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
    const held = this.#held;
    this.#held = [];
    for (const go of held) go();
  }

  /** Since when calls fail. */
  get failingSince(): number | undefined {
    return this.#failure?.since;
  }

  /** Has an operation take effect in the store. Rejects with `unavailable` when no reply comes: it may have had its effect. */
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
        this.#leg(() => {
          clock.clearTimeout(deadline);
          this.#failure = undefined;
          settle();
        });
      };
      this.#leg(() => {
        reply(settlementOf(operation, resolve, reject));
        if (random() < faults.doubledCalls)
          this.#leg(() =>
            settlementOf(
              operation,
              () => {},
              () => {},
            ),
          );
      });
    });
  }

  /** Hands an event of the store to the node. It is lost while the link is cut. */
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

  /** One direction of a call. */
  #leg(arrive: () => void): void {
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

/** Runs an operation now. @returns what settles the call with its result */
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
