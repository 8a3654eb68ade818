// The lease of this node: taken, renewed every second, and taken anew when the store has given up the node or is another one.
// Used by redis-backplane.ts. Every beat is a write, so it also says whether Redis can be used.
import type { Clock } from "@halyard/server";
import type { Calls } from "../link/calls.ts";
import type { Keys } from "../scripts/keys.ts";
import type { Scripts } from "../scripts/scripts.ts";
import type { StoreClock } from "../common/store-clock.ts";

export interface LeaseParts {
  readonly calls: Calls;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly nodeId: string;
  readonly scripts: Scripts;
  readonly leaseMs: number;
  readonly time: StoreClock;
}

export interface LeaseListeners {
  /** The node has a new lease: its connections are to be declared. Resolves when they are. */
  readonly onRegistered: () => Promise<unknown>;
  readonly onBeat: (result: { readonly rttMs: number } | { readonly error: unknown }) => void;
}

/** See scripts/beat.lua. */
type BeatAnswer = [isKnown: number, state: string, hasMore: number, endsInMs: number, storeDate: number];

const BEAT_MS = 1_000;
/** Without a beat of any node for so long, the store itself was away: no node is given up for it. */
const PAUSE_MS = 4_000;
/** How many connections one call looks at, so that Redis is never busy for long: some 5 ms. */
const BUDGET = 500;

/** The lease under which this node's connections are known. */
export class Lease {
  readonly #parts: LeaseParts;
  readonly #listeners: LeaseListeners;
  #number = 0;
  #state = "";
  #registered: Promise<void> = Promise.resolve();
  #timer: unknown;
  #isBeating = false;
  #isStopped = false;

  constructor(parts: LeaseParts, listeners: LeaseListeners) {
    this.#parts = parts;
    this.#listeners = listeners;
  }

  get id(): string {
    return `${this.#parts.nodeId}/${String(this.#number)}`;
  }

  /** Resolves when the store knows the lease. */
  get registered(): Promise<void> {
    return this.#registered;
  }

  async start(): Promise<void> {
    if (this.#number === 0) void this.#register();
    await this.#registered;
    this.#schedule(BEAT_MS);
  }

  /** Ends the lease: what it holds is gone at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#parts.clock.clearTimeout(this.#timer);
    if (this.#number > 0) await this.#drop("inf").catch(() => {});
  }

  /** The next beat comes now, or after so many milliseconds if that is sooner than it was. Not for a node that only publishes. */
  beatIn(ms: number): void {
    if (this.#isStopped || this.#number === 0) return;
    this.#parts.clock.setTimeout(() => void this.#beat(), ms);
  }

  /** Takes a new lease, because the store has given up the one of this id. */
  async renew(id: string): Promise<void> {
    if (id !== this.id) return this.#registered;
    const registered = this.#register();
    const number = this.#number;
    await registered;
    await this.#listeners.onRegistered();
    // A still newer lease is declared meanwhile, and drops this one and its predecessors itself.
    if (number !== this.#number) return;
    await this.#drop(String(number)).catch(() => {});
  }

  #register(): Promise<void> {
    const { calls, keys, leaseMs, nodeId, scripts } = this.#parts;
    this.#number++;
    const { id } = this;
    const values = [keys.root, nodeId, id, String(leaseMs), id];
    this.#registered = this.#untilDone(async () => {
      this.#state = (await calls.run(scripts.register, { values })) as string;
    });
    return this.#registered;
  }

  #schedule(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#parts.clock.setTimeout(() => {
      this.#schedule(BEAT_MS);
      void this.#beat();
    }, ms);
  }

  async #beat(): Promise<void> {
    if (this.#isBeating || this.#isStopped) return;
    this.#isBeating = true;
    const { calls, clock, keys, leaseMs, scripts, time } = this.#parts;
    try {
      await this.#registered;
      const { id } = this;
      const before = this.#state;
      const values = [keys.root, id, String(leaseMs), String(PAUSE_MS), String(BUDGET), id];
      for (let more = true; more;) {
        const [startedAt, askedAt] = [clock.now(), time.date()];
        const answer = (await calls.run(scripts.beat, { values })) as BeatAnswer;
        this.#listeners.onBeat({ rttMs: clock.now() - startedAt });
        const [isKnown, state, hasMore, endsInMs, storeDate] = answer;
        time.heard(storeDate, askedAt);
        more = hasMore === 1;
        // The users of a node that has died wait for no regular beat.
        if (!more && endsInMs < BEAT_MS) this.beatIn(endsInMs + 1);
        if (id !== this.id || (isKnown === 1 && state === before)) continue;
        await this.renew(id);
        return;
      }
    } catch (error) {
      this.#listeners.onBeat({ error });
    } finally {
      this.#isBeating = false;
    }
  }

  async #drop(kept: string): Promise<void> {
    const { calls, keys, nodeId, scripts } = this.#parts;
    const values = [keys.root, nodeId, kept, String(BUDGET)];
    for (let more: unknown = 1; more === 1;) more = await calls.run(scripts.drop, { values });
  }

  async #untilDone(call: () => Promise<void>): Promise<void> {
    for (;;)
      try {
        await call();
        return;
      } catch (error) {
        if (this.#isStopped) return;
        this.#listeners.onBeat({ error });
        await new Promise<void>((resolve) => this.#parts.clock.setTimeout(resolve, 200));
      }
  }
}
