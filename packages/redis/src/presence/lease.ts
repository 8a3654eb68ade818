// Keeps the lease of this node: takes it, renews it every second, and takes a new one when the store has dropped the node or was replaced.
// Used by redis-backplane.ts. Every beat is a write, so it also shows whether Redis can be used.
import type { Clock } from "@halyard/server";
import { VITAL } from "../link/calls.ts";
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
  /** Called when the node has a new lease: declares its connections, and resolves when that is done. */
  readonly onRegistered: () => Promise<unknown>;
  readonly onBeat: (result: { readonly rttMs: number } | { readonly error: unknown }) => void;
}

/** See scripts/beat.lua. */
type BeatAnswer = [isKnown: number, state: string, hasMore: number, endsInMs: number, storeDate: number];

const BEAT_MS = 1_000;
/** If no node has sent a beat for this long, the store itself was away, and no node is dropped because of it. */
const PAUSE_MS = 4_000;
/** How many connections one call examines, so that Redis is never busy for longer than about 5 ms. */
const BUDGET = 500;

/** The lease under which this node's connections are stored. */
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
    if (this.#isStopped) return;
    if (this.#number === 0) void this.#register();
    await this.#registered;
    this.#schedule(BEAT_MS);
  }

  /** Ends the lease and removes everything that it holds at once. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#parts.clock.clearTimeout(this.#timer);
    if (this.#number > 0) await this.#drop("inf").catch(() => {});
  }

  /** Beats after `ms`, without waiting for the next regular beat. Does nothing on a node that only publishes. */
  beatIn(ms: number): void {
    if (this.#isStopped || this.#number === 0) return;
    this.#parts.clock.setTimeout(() => void this.#beat(), ms);
  }

  /** Takes a new lease, because the store has dropped the one with this id. */
  async renew(id: string): Promise<void> {
    if (id !== this.id) return this.#registered;
    const registered = this.#register();
    const number = this.#number;
    await registered;
    await this.#listeners.onRegistered();
    // An even newer lease was declared meanwhile, which drops this one and its predecessors.
    if (number !== this.#number) return;
    await this.#drop(String(number)).catch(() => {});
  }

  #register(): Promise<void> {
    const { calls, keys, leaseMs, nodeId, scripts } = this.#parts;
    this.#number++;
    const { id } = this;
    const values = [keys.root, nodeId, id, String(leaseMs), id];
    this.#registered = this.#untilDone(async () => {
      this.#state = (await calls.run(scripts.register, { values }, VITAL)) as string;
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
        const answer = (await calls.run(scripts.beat, { values }, VITAL)) as BeatAnswer;
        this.#listeners.onBeat({ rttMs: clock.now() - startedAt });
        const [isKnown, state, hasMore, endsInMs, storeDate] = answer;
        time.heard(storeDate, askedAt);
        more = hasMore === 1;
        // Removing the users of a dead node does not wait for the next regular beat.
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
    for (let more: unknown = 1; more === 1;) more = await calls.run(scripts.drop, { values }, VITAL);
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
