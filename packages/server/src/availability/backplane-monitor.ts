// Whether the backplane can be used, looked at every second. Everything that would wait for the backplane asks it first; what
// was left out meanwhile is made up for when the backplane is back.
// Guarantees: `onReturn` is called after every time in which the backplane was away or a part has called `suspect`, at a random
// moment within two seconds, so that nodes which lost one store do not return to it together.
import type { Backplane, BackplaneHealth } from "../backplane.ts";
import type { Logger } from "../logger.ts";
import type { Clock } from "../types.ts";
import { printable } from "@halyard/protocol/internal";

/** What {@link BackplaneMonitor} uses. */
export interface BackplaneMonitorParts {
  readonly backplane: Pick<Backplane, "health" | "kind" | "onUnavailable">;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

const INTERVAL_MS = 1_000;
/** A shorter loss is waited for, and so is the first connection. */
const AWAY_MS = 1_000;
const MAX_JITTER_MS = 2_000;

/** Watches the backplane of this node. */
export class BackplaneMonitor {
  readonly #parts: BackplaneMonitorParts;
  readonly #listeners: (() => unknown)[] = [];
  #waiting: (() => void)[] = [];
  /** The time of the first look at a backplane that has been down at every look since. */
  #downAt: number | undefined;
  #isSuspect = false;
  /** Whether the log has said that the backplane is away, and not yet that it is back. */
  #hasWarned = false;
  #isStopped = false;
  #timer: unknown;
  #returnTimer: unknown;

  constructor(parts: BackplaneMonitorParts) {
    this.#parts = parts;
  }

  /** Whether a call would only run into its deadline. The memory of this process is never away. */
  get isAway(): boolean {
    const { backplane, clock } = this.#parts;
    if (backplane.kind === "memory") return false;
    if (this.health.state !== "down") {
      this.#downAt = undefined;
      return false;
    }
    const now = clock.now();
    this.#downAt ??= now;
    return now - this.#downAt >= AWAY_MS;
  }

  /** Whether nothing is left to be made up for. */
  get isSettled(): boolean {
    return !this.isAway && !this.#isSuspect && this.#returnTimer === undefined;
  }

  /** Whether connections are taken while the backplane is away. */
  get allowsConnections(): boolean {
    return this.#parts.backplane.onUnavailable === "allow";
  }

  /** What the backplane says of itself. */
  get health(): BackplaneHealth {
    try {
      return this.#parts.backplane.health();
    } catch (error) {
      return { state: "down", since: 0, lastError: printable(String(error), 200) };
    }
  }

  /** Looks at the backplane every second; at memory only once a part needs it. */
  start(): void {
    if (this.#parts.backplane.kind !== "memory") this.#schedule();
  }

  stop(): void {
    const { clock } = this.#parts;
    this.#isStopped = true;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#returnTimer);
    this.#wake();
  }

  /** @param listener makes up for what was left out; a failure of its own calls `suspect` again */
  onReturn(listener: () => unknown): void {
    this.#listeners.push(listener);
  }

  /** A call has failed, or was left out: `onReturn` is due when the backplane can be used. */
  suspect(): void {
    this.#isSuspect = true;
    this.#schedule();
  }

  /** Resolves with the next look at the backplane, for callers that then ask {@link isAway}, and whether they still wait. */
  nextLook(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
      if (this.#isStopped) this.#wake();
    });
  }

  #schedule(): void {
    if (this.#isStopped || this.#timer !== undefined) return;
    this.#timer = this.#parts.clock.setTimeout(() => {
      this.#timer = undefined;
      this.start();
      this.#look();
    }, INTERVAL_MS);
  }

  #look(): void {
    this.#log(this.isAway);
    if (this.isAway) this.#isSuspect = true;
    else if (this.#isSuspect && this.#returnTimer === undefined) this.#returnLater();
    if (this.#isSuspect) this.#schedule();
    this.#wake();
  }

  /** The start and the end of a time in which the backplane cannot be used. */
  #log(isAway: boolean): void {
    if (isAway === this.#hasWarned) return;
    this.#hasWarned = isAway;
    const { backplane, logger } = this.#parts;
    const { lastError = "no reply" } = this.health;
    const { kind } = backplane;
    if (isAway) logger.warn({ event: "backplane_away", kind }, `the backplane cannot be used: ${lastError}`);
    else logger.warn({ event: "backplane_back", kind }, "the backplane can be used again");
  }

  #returnLater(): void {
    const { clock } = this.#parts;
    this.#returnTimer = clock.setTimeout(() => {
      this.#returnTimer = undefined;
      if (this.isAway) return;
      this.#isSuspect = false;
      for (const listener of this.#listeners) listener();
    }, clock.random() * MAX_JITTER_MS);
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
