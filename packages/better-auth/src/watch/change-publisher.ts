// Tells the nodes how a process without connections changes sessions, through a backplane that no system has started.
// The plugin calls it for each change that its instance makes.
// Guarantees that a change never fails because the backplane is away, and that the backplane never keeps the process alive.
import type { Backplane, Revocation, SessionMark } from "@halyard/server";
import type { SessionClock } from "../options.ts";
import { marksOf, noticesOf } from "./notice.ts";
import type { SessionChange } from "./notice.ts";

export interface ChangePublisherParts {
  readonly backplane: Pick<Backplane, "announce" | "revoke">;
  /** A clock whose timers do not keep the process alive. */
  readonly clock: SessionClock;
  /** Called once per outage of the backplane. */
  readonly onError: (error: unknown) => void;
}

interface FailedCall {
  readonly call: () => Promise<void>;
  readonly endsAt: number;
}

/** How long a mark is stored. A node that is cut off for longer has checked its sessions by itself. */
const MARK_MS = 3_600_000;
const REPEATED_MS = 5 * 60_000;
const MAX_REPEATED = 10_000;
const MIN_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

/** Publishes changes of sessions. A change that the backplane does not accept is repeated for 5 min. */
export class ChangePublisher {
  readonly #parts: ChangePublisherParts;
  readonly #failed = new Set<FailedCall>();
  #waitMs = MIN_WAIT_MS;
  #isWaiting = false;

  constructor(parts: ChangePublisherParts) {
    this.#parts = parts;
  }

  /** Resolves when the backplane has accepted the change, or has failed once. Never rejects. */
  async publish(change: SessionChange): Promise<void> {
    const { backplane } = this.#parts;
    const calls = marksOf(change).map((mark) => {
      const revocation = this.#revocationOf(mark);
      return (): Promise<void> => backplane.revoke(revocation, MARK_MS);
    });
    for (const notice of noticesOf(change)) {
      const data = JSON.stringify(notice);
      calls.push(() => backplane.announce(data));
    }
    await Promise.all(calls.map((call) => this.#try(call)));
  }

  #revocationOf({ code, ...about }: SessionMark): Revocation {
    return "user" in about
      ? { user: about.user, notBefore: this.#parts.clock.now(), code, reason: "" }
      : { session: about.session, code, reason: "" };
  }

  async #try(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      const { clock, onError } = this.#parts;
      if (this.#failed.size === 0) onError(error);
      const [oldest] = this.#failed;
      if (oldest !== undefined && this.#failed.size >= MAX_REPEATED) this.#failed.delete(oldest);
      this.#failed.add({ call, endsAt: clock.now() + REPEATED_MS });
      if (!this.#isWaiting) this.#repeatLater();
    }
  }

  #repeatLater(): void {
    const { clock } = this.#parts;
    this.#isWaiting = true;
    const ms = this.#waitMs * (0.5 + clock.random() / 2);
    this.#waitMs = Math.min(2 * this.#waitMs, MAX_WAIT_MS);
    clock.setTimeout(() => void this.#repeat(), ms);
  }

  /** Repeats the changes in order, one at a time; the first failure shows that the backplane is still away. */
  async #repeat(): Promise<void> {
    for (const failed of this.#failed) {
      const isTaken = await failed.call().then(
        () => true,
        () => false,
      );
      if (isTaken || this.#parts.clock.now() >= failed.endsAt) this.#failed.delete(failed);
      if (!isTaken) break;
    }
    if (this.#failed.size > 0) {
      this.#repeatLater();
      return;
    }
    this.#isWaiting = false;
    this.#waitMs = MIN_WAIT_MS;
  }
}
