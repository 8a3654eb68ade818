// Finds out when a network is quiet: nothing is delivered, and no client waits for a reply or a connection.
// Called by the test network, in `settle` and after each timer in `advance`.
// Guarantee: ends at the latest after `quietMs` of real time in which nothing has happened.
import { sleep, waitOneTurn } from "../clock/event-loop.ts";
import type { TestClock } from "../clock/test-clock.ts";
import type { Traffic } from "./traffic.ts";

/** Turns of the event loop without traffic after which the network is quiet: promises and streams take a few. */
const QUIET_TURNS = 8;
/**
 * The real time between two checks of the traffic. The checks are counted, not the milliseconds, because a process that
 * got no processor time for a while was not quiet although nothing happened.
 */
const POLL_MS = 5;

/** A client, which may have something pending. */
interface Actor {
  readonly isPending: boolean;
  abandon(): void;
}

export interface QuiescenceParts {
  readonly traffic: Traffic;
  readonly clock: TestClock | undefined;
  readonly quietMs: number;
  readonly actors: Iterable<Actor>;
  /** Lets the server announce presence before its interval ends. @returns whether there was anything */
  readonly announcePresence: () => boolean;
}

/** Waits until a network is quiet. */
export class QuiescenceDetector {
  readonly #parts: QuiescenceParts;
  /** How often presence was announced, also by a call of `settle` at the same time. */
  #announcements = 0;

  constructor(parts: QuiescenceParts) {
    this.#parts = parts;
  }

  /** Waits until nothing is delivered, and no client waits for a reply or a connection. */
  async settle(): Promise<void> {
    let announcements: number;
    do {
      announcements = this.#announcements;
      await (this.#parts.clock ? this.#settleOnClock() : this.#settleInRealTime());
      if (this.#parts.announcePresence()) this.#announcements++;
    } while (this.#announcements !== announcements);
  }

  async #settleOnClock(): Promise<void> {
    for (await this.#waitForQuietTurns(); this.#isPending(); await this.#waitForQuietTurns()) {
      if (await this.#hasTraffic()) continue;
      for (const actor of this.#parts.actors) actor.abandon();
    }
  }

  get #isBusy(): boolean {
    const { traffic, clock } = this.#parts;
    return traffic.inFlight > 0 || (clock?.pending ?? 0) > 0;
  }

  #isPending(): boolean {
    for (const { isPending } of this.#parts.actors) if (isPending) return true;
    return false;
  }

  /** Waits until everything that needs neither time nor anything outside this process has happened. */
  async #waitForQuietTurns(): Promise<void> {
    const { traffic } = this.#parts;
    for (let quiet = 0, { count } = traffic; quiet < QUIET_TURNS; quiet++) {
      await waitOneTurn();
      if (traffic.count !== count || this.#isBusy) quiet = -1;
      count = traffic.count;
    }
  }

  /**
   * Waits `quietMs` of real time for pending work, because it may depend on something outside, such as a file or a database.
   *
   * @returns whether something has happened, or nothing is pending any longer
   */
  async #hasTraffic(): Promise<boolean> {
    const { traffic, quietMs } = this.#parts;
    const { count } = traffic;
    for (let left = quietMs; left > 0; left -= POLL_MS) {
      await sleep(POLL_MS);
      if (traffic.count !== count || this.#isBusy || !this.#isPending()) return true;
    }
    return false;
  }

  /** Without a test clock, timers are invisible, so the network counts as quiet when nothing has happened or been pending for a while. */
  async #settleInRealTime(): Promise<void> {
    const { traffic, quietMs } = this.#parts;
    let { count } = traffic;
    for (let left = quietMs; left > 0; left -= POLL_MS) {
      await sleep(POLL_MS);
      if (traffic.count === count && !this.#isBusy && !this.#isPending()) continue;
      left = quietMs;
      count = traffic.count;
    }
  }
}
