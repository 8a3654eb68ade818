// Checks every second whether the backplane can be used. Code that would wait for the backplane asks the monitor first; what
// was skipped meanwhile is done when the backplane is back.
// Guarantees: `onReturn` is called after each outage and after each call of `suspect`, at a random
// moment within two seconds, so that nodes which lost the same store do not return to it at once.
import type { Backplane, BackplaneHealth } from "../backplane.ts";
import type { Logger } from "../logger.ts";
import type { Clock } from "../types.ts";
import { printable } from "@halyard/protocol/internal";

/** The dependencies of {@link BackplaneMonitor}. */
export interface BackplaneMonitorParts {
  readonly backplane: Pick<Backplane, "health" | "kind" | "onUnavailable">;
  readonly clock: Clock;
  readonly logger: Pick<Logger, "warn">;
}

const INTERVAL_MS = 1_000;
/** A shorter outage does not count as one, and neither does the time until the first connection. */
const AWAY_MS = 1_000;
const MAX_JITTER_MS = 2_000;

/** Watches the backplane of this node. */
export class BackplaneMonitor {
  readonly #parts: BackplaneMonitorParts;
  readonly #listeners: (() => unknown)[] = [];
  #waiting: (() => void)[] = [];
  /** When the backplane was first found to be down; undefined while it is up. */
  #downAt: number | undefined;
  #isSuspect = false;
  /** Whether an outage has been logged whose end has not been logged yet. */
  #hasWarned = false;
  isStopped = false;
  #timer: unknown;
  #returnTimer: unknown;

  constructor(parts: BackplaneMonitorParts) {
    this.#parts = parts;
  }

  /** Whether a call would only run into its deadline. The memory backplane is never away. */
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

  /** Whether nothing is left to be done after an outage. */
  get isSettled(): boolean {
    return !this.isAway && !this.#isSuspect && this.#returnTimer === undefined;
  }

  /** Whether new connections are admitted while the backplane is away. */
  get allowsConnections(): boolean {
    return this.#parts.backplane.onUnavailable === "allow";
  }

  /** The health that the backplane reports. */
  get health(): BackplaneHealth {
    try {
      return this.#parts.backplane.health();
    } catch (error) {
      return { state: "down", since: 0, lastError: printable(String(error), 200) };
    }
  }

  /** Checks the backplane every second; a memory backplane is checked only once a part needs it. */
  start(): void {
    if (this.#parts.backplane.kind !== "memory") this.#schedule();
  }

  stop(): void {
    const { clock } = this.#parts;
    this.isStopped = true;
    clock.clearTimeout(this.#timer);
    clock.clearTimeout(this.#returnTimer);
    this.#wake();
  }

  /** @param listener does what was skipped during the outage; when it fails, it calls `suspect` again */
  onReturn(listener: () => unknown): void {
    this.#listeners.push(listener);
  }

  /** Reports that a call failed or was skipped: `onReturn` follows when the backplane can be used. */
  suspect(): void {
    this.#isSuspect = true;
    this.#schedule();
  }

  /** Logs that the store has given up this node, or has lost its data. */
  logFenced(): void {
    const { backplane, logger } = this.#parts;
    const text =
      "the backplane has lost its data, or had given up this node: its connections are declared again";
    logger.warn({ event: "backplane_fenced", kind: backplane.kind }, text);
  }

  /** Logs that another system of this process has the same backplane, whose events go to this one from now on. */
  logShared(): void {
    const { backplane, logger } = this.#parts;
    const text =
      "another system has used this backplane, and gets nothing of it any more: make a backplane for each system";
    logger.warn({ event: "backplane_shared", kind: backplane.kind }, text);
  }

  /** Resolves at the next check of the backplane. The caller then asks {@link isAway}, and whether it still needs to wait. */
  nextLook(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
      if (this.isStopped) this.#wake();
    });
  }

  #schedule(): void {
    if (this.isStopped || this.#timer !== undefined) return;
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

  /** Logs the start and the end of an outage. */
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
