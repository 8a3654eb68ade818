import type { SessionWatch, WatchedConnection } from "../session-watch.ts";
import type { Clock } from "../types.ts";
import { withDeadline } from "../utils/with-deadline.ts";
import type { ApplicationGuard } from "./application-guard.ts";

const TYPE = "session watch";

/** The dependencies of {@link GuardedSessionWatch}. */
export interface GuardedSessionWatchParts {
  readonly guard: ApplicationGuard;
  readonly clock: Clock;
  readonly handlerMs: number;
}

/** Wraps a session watch of the application: a failure of the watch ends at most the connection that it concerns. */
export class GuardedSessionWatch implements SessionWatch {
  readonly #watch: SessionWatch;
  readonly #parts: GuardedSessionWatchParts;

  constructor(watch: SessionWatch, parts: GuardedSessionWatchParts) {
    this.#watch = watch;
    this.#parts = parts;
  }

  /** A connection that cannot be watched is closed, because nothing would close it when its session ends. */
  opened(connection: WatchedConnection): void {
    try {
      this.#watch.opened(connection);
    } catch (error) {
      this.#parts.guard.report(error, { type: TYPE, ws: undefined });
      connection.close(1013);
    }
  }

  closed(connection: WatchedConnection): void {
    this.#notify(() => {
      this.#watch.closed(connection);
    });
  }

  receive(notice: unknown): void {
    this.#notify(() => {
      this.#watch.receive(notice);
    });
  }

  interrupted(): void {
    this.#notify(() => {
      this.#watch.interrupted?.();
    });
  }

  /** @throws HalyardError `timeout` after `limits.handlerMs`, or what the watch throws */
  async renew(connection: WatchedConnection, ticket: string): Promise<void> {
    const { clock, handlerMs: ms } = this.#parts;
    await withDeadline(this.#watch.renew(connection, ticket), { clock, ms });
  }

  stop(): void {
    this.#notify(() => {
      this.#watch.stop();
    });
  }

  #notify(call: () => void): void {
    this.#parts.guard.notify(call, { type: TYPE, ws: undefined });
  }
}
