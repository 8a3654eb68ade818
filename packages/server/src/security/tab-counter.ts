// Counts the tabs that share a connection, each of them a client. Created for a connection whose hello says that tabs share it.
// The idempotency log remembers at least as many clients per user.
import { MAX_SHARING_TABS } from "../limits.ts";

/** A tab that has been silent for this long may be gone, so a new tab can take its place. */
const IDLE_MS = 30_000;

/** Counts the tabs of one connection. */
export class TabCounter {
  /** When each tab last sent something; the tab that has been silent for longest comes first. */
  readonly #sentAt = new Map<string, number>();

  /** Notes that a tab sends. @returns whether it may share the connection */
  add(tab: string, now: number): boolean {
    const [oldest] = this.#sentAt;
    if (!this.#sentAt.delete(tab) && oldest !== undefined && this.#sentAt.size >= MAX_SHARING_TABS) {
      const [silent, sentAt] = oldest;
      if (now - sentAt < IDLE_MS) return false;
      this.#sentAt.delete(silent);
    }
    this.#sentAt.set(tab, now);
    return true;
  }
}
