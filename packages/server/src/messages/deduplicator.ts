// Runs each operation of a client once: its numbered sends and its requests. Called by SendExecutor and ClientRequests.
// Guarantees: a repetition gets the stored result; a repetition of an operation that runs waits for its result; a result that
// could not be stored is the answer all the same, and is stored later; what was begun and does not run is given back; what may
// have run does not run again where the backplane has lost its result.
import { isPromise } from "@halyard/protocol/internal";
import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane, PublishedWork, Work, WorkState } from "../backplane.ts";
import type { Connection } from "../connection/connection.ts";
import type { Clock } from "../types.ts";
import { errorJson, isWithoutEffect } from "../utils/errors.ts";
import { RepeatedCalls, repeatWhileUnavailable } from "../utils/repeated-calls.ts";

const POLL_MS = 250;

/** An operation, and the connection that it came from. */
export type ClientWork = Omit<Work, "connection" | "mayHaveRun"> & {
  readonly connection?: Pick<Connection, "id" | "isRevoked" | "stage" | "unfinished">;
  /** Set when an attempt at it may have had an effect. */
  mayHaveRun?: boolean | undefined;
};
/** @param mayHaveRun the operation was begun before, and how it ended is unknown */
type Execute<TWork> = (work: TWork, mayHaveRun: boolean) => string | Promise<string>;
type Running = Extract<WorkState, { readonly state: "running" }>;

/** A result that the backplane has not taken. */
interface UnsettledResult {
  readonly digest: number;
  readonly result: string;
}

/** The reply to an operation that may have run, after the backplane has lost the results of the client. */
const FORGOTTEN = errorJson(
  new HalyardError("unavailable", "The results of this client were lost, and the operation may have run."),
  true,
).slice(0, -1);

/** As long as a backplane would remember it. */
const UNSETTLED_MS = 5 * 60_000;

/** Runs the operations of clients once each. */
export class Deduplicator {
  readonly #backplane: Backplane;
  readonly #clock: Clock;
  readonly #maxWaitMs: number;
  /** The operations that run on this node, by {@link runKey}. */
  readonly #running = new Map<string, Promise<string>>();
  /** Results that the backplane has not taken yet, by {@link workKey}: each is settled again until it has. */
  readonly #unsettled = new Map<string, UnsettledResult>();
  readonly #repeatedCalls: RepeatedCalls;
  /** The claims with which operations begin or run on this node, where the backplane is another process. */
  readonly #claims = new Set<number | undefined>();
  #lastClaim = 0;

  constructor(backplane: Backplane, clock: Clock, maxWaitMs: number) {
    this.#backplane = backplane;
    this.#clock = clock;
    this.#maxWaitMs = maxWaitMs;
    this.#repeatedCalls = new RepeatedCalls(clock, UNSETTLED_MS);
  }

  /** How many asynchronous operations run on this node. */
  get size(): number {
    return this.#running.size;
  }

  /** Whether a send whose whole effect is one stored message takes one call to the backplane. */
  get publishesOnce(): boolean {
    return this.#backplane.publishOnce !== undefined;
  }

  /** The `claim` of the next operation. */
  nextClaim(): number {
    return ++this.#lastClaim;
  }

  /**
   * Returns no promise where neither the backplane nor the operation needs one.
   *
   * @param execute runs the operation and returns its result as JSON text; when it rejects, the operation may run again, and
   * may have run
   * @param publication what `execute` does all in all, where {@link publishesOnce}
   * @throws HalyardError `conflict` when the key belongs to another operation, or is out of order; `unauthenticated` when the
   * connection was closed for good while the operation waited for a run elsewhere; `unavailable` when the backplane does not
   * answer, or the connection was closed before it was known what the client has had run; what `execute` rejects with
   */
  run<TWork extends ClientWork>(
    work: TWork,
    execute: Execute<TWork>,
    publication?: PublishedWork,
  ): string | Promise<string> {
    const recalled = work.connection?.unfinished?.whenRecalled;
    if (recalled !== undefined) return recalled.then(() => this.run(work, execute));
    const kept = this.#unsettledResultOf(work);
    if (kept !== undefined) return kept;
    const isPublication = publication !== undefined && !this.#running.has(runKey(work));
    const state = isPublication ? this.#publish(work, publication) : this.#begin(work);
    const isDecided = !isPromise(state) && state.state !== "running";
    return isDecided ? this.#proceed(state, work, execute) : this.#poll(state, work, execute);
  }

  async #publish(work: ClientWork, publication: PublishedWork): Promise<WorkState> {
    noteLeft(work);
    try {
      const result = await this.#backplane.publishOnce?.(work, publication);
      if (result !== undefined) return { state: "done", result };
    } catch (error) {
      if (!isWithoutEffect(error)) work.mayHaveRun = true;
      throw error;
    }
    return this.#begin(work);
  }

  /** An operation that runs on this node is known here, even if the backplane has lost it. */
  #begin(work: ClientWork): WorkState | Promise<WorkState> {
    noteLeft(work);
    const isKnown = work.mayHaveRun === true && this.#running.has(runKey(work));
    return this.#backplane.begin(isKnown ? { ...work, mayHaveRun: false } : work);
  }

  #proceed<TWork extends ClientWork>(
    state: Exclude<WorkState, Running>,
    work: TWork,
    execute: Execute<TWork>,
  ): string | Promise<string> {
    if (state.state === "conflict") throw new HalyardError("conflict");
    if (state.state === "done") return state.result;
    if (state.state === "forgotten") return FORGOTTEN;
    work.mayHaveRun = true;
    return this.#settle(work, execute(work, state.mayHaveRun === true));
  }

  async #poll<TWork extends ClientWork>(
    first: WorkState | Promise<WorkState>,
    work: TWork,
    execute: Execute<TWork>,
  ): Promise<string> {
    this.#claims.add(work.claim);
    try {
      const state = await this.#waitForRun(first, work);
      return typeof state === "string" ? state : await this.#proceed(state, work, execute);
    } finally {
      this.#claims.delete(work.claim);
    }
  }

  /** @returns the result of a run on this node, or the state of an operation that does not run */
  async #waitForRun(
    first: WorkState | Promise<WorkState>,
    work: ClientWork,
  ): Promise<string | Exclude<WorkState, Running>> {
    const deadline = this.#clock.now() + this.#maxWaitMs;
    for (let begun = first; ; begun = this.#begin(work)) {
      const state = isPromise(begun) ? await this.#begun(begun, work) : begun;
      if (work.connection?.isRevoked === true) {
        if (state.state === "run") this.#giveBack(work, true);
        throw new HalyardError("unauthenticated");
      }
      const localRun = this.#running.get(runKey(work)) ?? this.#unsettledResultOf(work);
      if (state.state === "run" && isPromise(localRun)) return this.#settleAs(work, localRun);
      if (state.state !== "running") return state;
      if (localRun !== undefined) return localRun;
      // The operation runs on another node: its result appears in the backplane, or that node ends and this node runs it.
      if (this.#clock.now() > deadline) throw new HalyardError("timeout");
      this.#giveBackLostClaim(state, work);
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, POLL_MS));
    }
  }

  /** The backplane has lost its state and begins anew what still runs on this node: that run's result is this one's. */
  async #settleAs(work: Work, localRun: Promise<string>): Promise<string> {
    try {
      return await this.#storeResult(work, await localRun);
    } catch (error) {
      this.#giveBack(work);
      throw error;
    }
  }

  /** Repeats a `begin` whose reply was lost: the same claim gets the same answer. */
  async #begun(begun: Promise<WorkState>, work: ClientWork): Promise<WorkState> {
    try {
      return await begun.catch((error: unknown) =>
        repeatWhileUnavailable(error, async () => this.#begin(work), this.#clock),
      );
    } catch (error) {
      this.#giveBack(work, true);
      throw error;
    }
  }

  /** A `begin` of this node took effect after the node had given it up. */
  #giveBackLostClaim({ claim }: Running, work: Work): void {
    if (claim?.node !== this.#backplane.nodeId || this.#claims.has(claim.number)) return;
    this.#giveBack({ ...work, claim: claim.number });
  }

  /** The operation may run again, here or elsewhere. @param hasNoEffect it has not run here */
  #giveBack({ ref, key, digest, claim }: Work, hasNoEffect = false): void {
    const work = { ref, key, digest, claim, hasNoEffect };
    const settle = async (): Promise<void> => this.#backplane.settle(work, undefined);
    settle().catch(() => {
      this.#repeatedCalls.add(settle);
    });
  }

  #settle(work: Work, result: string | Promise<string>): string | Promise<string> {
    if (isPromise(result))
      return this.#track(
        work,
        result.then(
          (text) => this.#storeResult(work, text),
          (error: unknown) => {
            this.#giveBack(work);
            throw error;
          },
        ),
      );
    const storing = this.#storeResult(work, result);
    return isPromise(storing) ? this.#track(work, storing) : storing;
  }

  #storeResult(work: Work, result: string): string | Promise<string> {
    const stored = this.#backplane.settle(work, result);
    if (!isPromise(stored)) return result;
    return stored.then(
      () => result,
      () => this.#keep(work, result),
    );
  }

  /** The operation has had its effect: its result is the answer, whether or not the backplane has taken it. */
  #keep({ ref, key, digest, claim }: Work, result: string): string {
    const id = workKey({ ref, key });
    this.#unsettled.set(id, { digest, result });
    this.#repeatedCalls.add(
      () => this.#backplane.settle({ ref, key, digest, claim }, result),
      () => this.#unsettled.delete(id),
    );
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
    this.#repeatedCalls.stop();
    this.#unsettled.clear();
  }

  async #track(work: Work, running: Promise<string>): Promise<string> {
    const key = runKey(work);
    this.#running.set(key, running);
    try {
      return await running;
    } finally {
      this.#running.delete(key);
    }
  }
}

/** A client whose connection has closed may have had the operation run elsewhere since. */
function noteLeft(work: ClientWork): void {
  if (work.connection?.stage === "closed") work.mayHaveRun = true;
}

function runKey(work: Work): string {
  return `${workKey(work)}\0${String(work.digest)}`;
}

function workKey({ ref, key }: Pick<Work, "ref" | "key">): string {
  return `${typeof key === "number" ? "s" : "r"}${String(key)}\0${ref.client}\0${ref.user}`;
}
