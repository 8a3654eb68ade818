// Runs each operation of a client once: its numbered sends and its requests. Called by SendExecutor and ClientRequests.
// Guarantees: a repetition gets the stored result; a repetition of an operation that runs waits for its result; a result that
// could not be stored is the answer all the same, and is stored later.
import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane, Work, WorkState } from "../backplane.ts";
import type { Clock } from "../types.ts";

const POLL_MS = 250;

/** An operation, and the connection that it came from. */
type ClientWork = Work & { readonly connection?: { readonly isRevoked: boolean } };
type Execute<TWork> = (work: TWork) => string | Promise<string>;
type Running = Extract<WorkState, { readonly state: "running" }>;

/** A result that the backplane has not taken. */
interface UnsettledResult {
  readonly digest: number;
  readonly result: string;
  timer: unknown;
}

/** As long as a backplane would remember it. */
const UNSETTLED_MS = 5 * 60_000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** Runs the operations of clients once each. */
export class Deduplicator {
  readonly #backplane: Backplane;
  readonly #clock: Clock;
  readonly #maxWaitMs: number;
  /** The operations that run on this node, by {@link workKey}. */
  readonly #running = new Map<string, Promise<string>>();

  /** Results that the backplane has not taken yet, by {@link workKey}: each is settled again until it has. */
  readonly #unsettled = new Map<string, UnsettledResult>();

  constructor(backplane: Backplane, clock: Clock, maxWaitMs: number) {
    this.#backplane = backplane;
    this.#clock = clock;
    this.#maxWaitMs = maxWaitMs;
  }

  /** How many asynchronous operations run on this node. */
  get size(): number {
    return this.#running.size;
  }

  /**
   * Returns no promise where neither the backplane nor the operation needs one.
   *
   * @param execute runs the operation and returns its result as JSON text; it must not throw or reject
   * @throws HalyardError `conflict` when the key belongs to another operation, or is out of order; `unauthenticated` when the
   * connection was closed for good while the operation waited for a run elsewhere
   */
  run<TWork extends ClientWork>(work: TWork, execute: Execute<TWork>): string | Promise<string> {
    const kept = this.#unsettledResultOf(work);
    if (kept !== undefined) return kept;
    const state = this.#backplane.begin(work);
    const isDecided = !(state instanceof Promise) && state.state !== "running";
    return isDecided ? this.#proceed(state, work, execute) : this.#poll(state, work, execute);
  }

  #proceed<TWork extends Work>(
    state: Exclude<WorkState, Running>,
    work: TWork,
    execute: Execute<TWork>,
  ): string | Promise<string> {
    if (state.state === "conflict") throw new HalyardError("conflict");
    return state.state === "done" ? state.result : this.#execute(work, execute);
  }

  async #poll<TWork extends ClientWork>(
    first: WorkState | Promise<WorkState>,
    work: TWork,
    execute: Execute<TWork>,
  ): Promise<string> {
    const deadline = this.#clock.now() + this.#maxWaitMs;
    for (let state = await first; ; state = await this.#backplane.begin(work)) {
      if (work.connection?.isRevoked === true) throw new HalyardError("unauthenticated");
      if (state.state !== "running") return this.#proceed(state, work, execute);
      const localRun = this.#running.get(workKey(work)) ?? this.#unsettledResultOf(work);
      if (localRun !== undefined) return localRun;
      // The operation runs on another node: its result appears in the backplane, or that node ends and this node runs it.
      if (this.#clock.now() > deadline) throw new HalyardError("timeout");
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, POLL_MS));
    }
  }

  #execute<TWork extends Work>(work: TWork, execute: Execute<TWork>): string | Promise<string> {
    const result = execute(work);
    if (result instanceof Promise)
      return this.#track(
        work,
        result.then((text) => this.#storeResult(work, text)),
      );
    const storing = this.#storeResult(work, result);
    return storing instanceof Promise ? this.#track(work, storing) : storing;
  }

  #storeResult(work: Work, result: string): string | Promise<string> {
    const stored = this.#backplane.settle(work, result);
    if (!(stored instanceof Promise)) return result;
    return stored.then(
      () => result,
      () => this.#keep(work, result),
    );
  }

  /** The operation has had its effect: its result is the answer, whether or not the backplane has taken it. */
  #keep({ ref, key, digest }: Work, result: string): string {
    const id = workKey({ ref, key });
    const kept: UnsettledResult = { digest, result, timer: undefined };
    this.#unsettled.set(id, kept);
    const endsAt = this.#clock.now() + UNSETTLED_MS;
    const settleAfter = (ms: number): void => {
      kept.timer = this.#clock.setTimeout(() => void settleAgain(ms), ms * (0.5 + this.#clock.random() / 2));
    };
    const settleAgain = async (ms: number): Promise<void> => {
      try {
        await this.#backplane.settle({ ref, key, digest }, result);
        this.#unsettled.delete(id);
      } catch {
        if (this.#clock.now() < endsAt) settleAfter(Math.min(2 * ms, MAX_RETRY_MS));
        else this.#unsettled.delete(id);
      }
    };
    settleAfter(FIRST_RETRY_MS);
    return result;
  }

  /** @throws HalyardError `conflict` */
  #unsettledResultOf(work: Work): string | undefined {
    if (this.#unsettled.size === 0) return undefined;
    const kept = this.#unsettled.get(workKey(work));
    if (kept !== undefined && kept.digest !== work.digest) throw new HalyardError("conflict");
    return kept?.result;
  }

  /** Stops settling. */
  stop(): void {
    for (const { timer } of this.#unsettled.values()) this.#clock.clearTimeout(timer);
    this.#unsettled.clear();
  }

  async #track(work: Work, running: Promise<string>): Promise<string> {
    const key = workKey(work);
    this.#running.set(key, running);
    try {
      return await running;
    } finally {
      this.#running.delete(key);
    }
  }
}

function workKey({ ref, key }: Pick<Work, "ref" | "key">): string {
  return `${typeof key === "number" ? "s" : "r"}${String(key)}\0${ref.client}\0${ref.user}`;
}
