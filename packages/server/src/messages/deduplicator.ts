import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane, Work, WorkState } from "../backplane.ts";
import type { Clock } from "../types.ts";

const POLL_MS = 250;

type Execute<TWork> = (work: TWork) => string | Promise<string>;
type Running = Extract<WorkState, { readonly state: "running" }>;

/**
 * Runs a client's work once, however often it is asked for: a repetition gets the stored answer, and a repetition of
 * what is running waits for it.
 */
export class Deduplicator {
  readonly #backplane: Backplane;
  readonly #clock: Clock;
  readonly #maxWaitMs: number;
  /** What runs on this node. */
  readonly #running = new Map<string, Promise<string>>();

  constructor(backplane: Backplane, clock: Clock, maxWaitMs: number) {
    this.#backplane = backplane;
    this.#clock = clock;
    this.#maxWaitMs = maxWaitMs;
  }

  get size(): number {
    return this.#running.size;
  }

  /**
   * Without a promise where neither the backplane nor the work needs one.
   *
   * @param execute is called with the work, and gives the answer as JSON text; it must neither throw nor reject
   * @throws HalyardError `conflict` when the key belongs to something else, or is out of turn
   */
  run<TWork extends Work>(work: TWork, execute: Execute<TWork>): string | Promise<string> {
    const known = this.#backplane.begin(work);
    const isKnown = !(known instanceof Promise) && known.state !== "running";
    return isKnown ? this.#awaitRunning(known, work, execute) : this.#poll(known, work, execute);
  }

  #awaitRunning<TWork extends Work>(
    known: Exclude<WorkState, Running>,
    work: TWork,
    execute: Execute<TWork>,
  ): string | Promise<string> {
    if (known.state === "conflict") throw new HalyardError("conflict");
    return known.state === "done" ? known.result : this.#execute(work, execute);
  }

  async #poll<TWork extends Work>(
    first: WorkState | Promise<WorkState>,
    work: TWork,
    execute: Execute<TWork>,
  ): Promise<string> {
    const deadline = this.#clock.now() + this.#maxWaitMs;
    for (let known = await first; ; known = await this.#backplane.begin(work)) {
      if (known.state !== "running") return this.#awaitRunning(known, work, execute);
      const localRun = this.#running.get(workKey(work));
      if (localRun !== undefined) return localRun;
      // It runs on another node: its answer appears in the backplane, or its node dies and it is ours to run.
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
    const settled = this.#storeResult(work, result);
    return settled instanceof Promise ? this.#track(work, settled) : settled;
  }

  #storeResult(work: Work, result: string): string | Promise<string> {
    const stored = this.#backplane.settle(work, result);
    return stored instanceof Promise ? stored.then(() => result) : result;
  }

  async #track(work: Work, running: Promise<string>): Promise<string> {
    const name = workKey(work);
    this.#running.set(name, running);
    try {
      return await running;
    } finally {
      this.#running.delete(name);
    }
  }
}

function workKey({ ref, key }: Work): string {
  return `${typeof key === "number" ? "s" : "r"}${String(key)}\0${ref.client}\0${ref.user}`;
}
