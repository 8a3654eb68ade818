// Computes the wait after a failure: longer with each consecutive failure, short again after a success.
// Called by the reconnector with each welcome and each failure.
// A success is a connection that stayed open for a while, so that endless short connections also slow down.
import { backoffMs } from "../common/backoff.ts";
import type { Backoff } from "../common/backoff.ts";
import type { Clock } from "../common/clock.ts";
import type { CloseCode } from "@halyard/protocol/wire";

/** How long a connection must stay open to count as a success. */
const MIN_UPTIME_MS = 5_000;
/** The same after the server closed for a reason that may persist: overload, failure, or one of Halyard's own codes. */
const MIN_UPTIME_AFTER_SERVER_CLOSE_MS = 30_000;

const DRAINING: (typeof CloseCode)["Draining"] = 4012;

export class RetryDelay {
  readonly #clock: Clock;
  readonly #backoff: Partial<Backoff> | undefined;
  /** Failed attempts and lost connections since the last success. */
  #failures = 0;
  /** When the open connection will count as a success. */
  #stableAt = Infinity;
  #minUptimeMs = MIN_UPTIME_MS;

  constructor(clock: Clock, backoff: Partial<Backoff> | undefined) {
    this.#clock = clock;
    this.#backoff = backoff;
  }

  onWelcome(): void {
    this.#stableAt = this.#clock.now() + this.#minUptimeMs;
    this.#minUptimeMs = MIN_UPTIME_MS;
  }

  /** Makes the next waits short again, because the page became visible or the network changed. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Counts a failure.
   *
   * @param code the close code of an open connection; 0 if there was none
   * @param serverMs the wait that the server names: the first failure waits exactly this long, further ones at least this long. A node
   *   that drains does not count as a failure: the client waits as long as the node says
   * @returns the time to wait, in milliseconds
   */
  next(code = 0, serverMs?: number): number {
    if (this.#clock.now() >= this.#stableAt) this.#failures = 0;
    this.#stableAt = Infinity;
    if (code === DRAINING && serverMs !== undefined) return serverMs;
    if (code >= 4000 || code === 1011 || code === 1013) this.#minUptimeMs = MIN_UPTIME_AFTER_SERVER_CLOSE_MS;
    const waitMs = backoffMs(this.#failures++, this.#clock.random(), this.#backoff);
    return Math.max(this.#failures > 1 ? waitMs : 0, serverMs ?? waitMs);
  }
}
