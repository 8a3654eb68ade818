// Sends the presence operations of this node to Redis: one batch at a time, repeated until it has taken effect.
// Used by redis-backplane.ts. Guarantees: operations take effect once and in order, whatever is lost, late or repeated; while
// Redis does not answer, a bounded number waits. Above it all of them are dropped, and the node declares its connections again.
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock, Eviction, PresenceOp } from "@halyard/server";
import { VITAL } from "../link/calls.ts";
import type { Calls } from "../link/calls.ts";
import type { Keys } from "../scripts/keys.ts";
import type { Lease } from "./lease.ts";
import type { PresenceStream } from "./presence-stream.ts";
import type { Scripts } from "../scripts/scripts.ts";
import type { StoreClock } from "../common/store-clock.ts";
import { countOf } from "../common/count-of.ts";
import { toJson } from "../common/to-json.ts";

export interface PresenceWriterParts {
  readonly calls: Calls;
  readonly clock: Clock;
  readonly keys: Keys;
  readonly lease: Lease;
  /** How many operations may be added while Redis does not answer. */
  readonly limit: number;
  readonly scripts: Scripts;
  readonly stream: PresenceStream;
  readonly time: StoreClock;
}

interface Batch {
  readonly ops: readonly PresenceOp[];
  readonly resolve: (evictions: readonly Eviction[]) => void;
  readonly reject: (error: Error) => void;
}

/** How long a node that ends waits for its last operations. */
const DEADLINE_MS = 3_500;
const RETRY_MS = 100;
/** How many operations one call contains, so that Redis is never busy for long. */
const MAX_OPS = 200;

/** Sends presence operations. */
export class PresenceWriter {
  readonly #parts: PresenceWriterParts;
  readonly #waiting: Batch[] = [];
  #number = 0;
  /** How many operations were added since Redis stopped answering; undefined while it answers. */
  #added: number | undefined;
  #isDeclaring = false;
  #isGivenUp = false;
  /** How many times all operations were dropped. */
  #drops = 0;
  #isSending = false;
  #isStopped = false;

  constructor(parts: PresenceWriterParts) {
    this.#parts = parts;
  }

  /** Resolves when the operations have taken effect and this node has received their events. */
  add(ops: readonly PresenceOp[]): Promise<readonly Eviction[]> {
    if (this.#isStopped) return Promise.reject(new HalyardError("unavailable"));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ops, resolve, reject });
      if (this.#isAboveLimit(ops.length)) this.#giveUp();
      void this.#send();
    });
  }

  /** Lets `addAll` declare all connections in one turn, without counting them against the limit. */
  declare(addAll: () => void): void {
    this.#isDeclaring = true;
    addAll();
    this.#isDeclaring = false;
  }

  /** Resolves when all earlier operations have taken effect. */
  applied(): Promise<void> {
    if (!this.#isSending) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => resolve();
      this.#waiting.push({ ops: [], resolve: end, reject: end });
    });
  }

  /** Resolves when all operations have taken effect, or after the deadline. */
  async stop(): Promise<void> {
    const { clock } = this.#parts;
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    const timer = clock.setTimeout(resolve, DEADLINE_MS);
    await Promise.race([this.applied(), deadline]);
    clock.clearTimeout(timer);
    this.#isStopped = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new HalyardError("unavailable"));
  }

  #isAboveLimit(count: number): boolean {
    if (this.#added === undefined || this.#isDeclaring) return false;
    this.#added += count;
    return this.#added > this.#parts.limit;
  }

  /** Drops all operations, also those that a call has begun with. The node declares its connections under a new lease, and everything under the old lease ends. */
  #giveUp(): void {
    this.#added = 0;
    this.#drops++;
    for (const { reject } of this.#waiting.splice(0)) reject(new HalyardError("unavailable"));
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    const { lease } = this.#parts;
    void lease.renew(lease.id);
    void lease.registered.then(() => {
      this.#isGivenUp = false;
    });
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    // Operations of one turn are sent together.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#isStopped) {
      const batches = this.#take();
      const ops = batches.flatMap((batch) => batch.ops);
      this.#number++;
      const evictions = ops.length === 0 ? [] : await this.#untilApplied(ops);
      for (const { ops: own, reject, resolve } of batches) {
        const users = new Set(own.map(({ user }) => user));
        if (evictions === undefined) reject(new HalyardError("unavailable"));
        else resolve(evictions.filter(({ user }) => users.has(user)));
      }
    }
    this.#isSending = false;
  }

  /** Takes at least one batch, and further ones as long as their operations fit one call. */
  #take(): Batch[] {
    let count = 0;
    const end = this.#waiting.findIndex(({ ops }, index) => (count += ops.length) > MAX_OPS && index > 0);
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  /** @returns undefined when the operations were dropped: under the next lease they could contradict what is declared under it */
  async #untilApplied(ops: readonly PresenceOp[]): Promise<readonly Eviction[] | undefined> {
    const { clock, lease, stream, time } = this.#parts;
    const json = toJson(ops.map((op) => withCounts(time.operationToStore(op))));
    const drops = this.#drops;
    for (;;) {
      await lease.registered;
      if (this.#isStopped || drops !== this.#drops) return undefined;
      try {
        const { evictions, offset } = await this.#apply(json);
        this.#added = undefined;
        await stream.whenAt(offset);
        this.#endGrace(ops);
        return evictions;
      } catch {
        this.#added ??= 0;
        await new Promise<void>((resolve) => clock.setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #apply(json: string): Promise<{ readonly evictions: readonly Eviction[]; readonly offset: number }> {
    const { calls, keys, lease, scripts } = this.#parts;
    const { id } = lease;
    const values = [keys.root, id, String(this.#number), json];
    const [outcome, evictions, offset] = (await calls.run(scripts.apply, { values }, VITAL)) as [
      string,
      string,
      string,
    ];
    if (outcome === "fenced") {
      void lease.renew(id);
      throw new Error("Redis has given up this node");
    }
    return { evictions: JSON.parse(evictions) as Eviction[], offset: Number(offset) };
  }

  /** Schedules a beat for the end of a grace period, because a beat of any node then removes the user. */
  #endGrace(ops: readonly PresenceOp[]): void {
    const periods = new Set(ops.map((op) => (op.op === "-" ? op.graceMs : 0)));
    for (const graceMs of periods) if (graceMs > 0) this.#parts.lease.beatIn(graceMs + 10);
  }
}

/** The operation with limits that JSON holds. */
function withCounts(op: PresenceOp): PresenceOp {
  if (op.op === "-" || (op.limit === undefined && op.state === undefined)) return op;
  const { limit, state } = op;
  return {
    ...op,
    ...(limit !== undefined && { limit: countOf(limit) }),
    ...(state && { state: { ...state, announcedUsers: countOf(state.announcedUsers) } }),
  };
}
