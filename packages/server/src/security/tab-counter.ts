// The tabs that share a connection: clients of its user for which it sends. Kept with a connection whose hello says that tabs share it.
// The idempotency log remembers as many clients of a user.
import { MAX_SHARING_TABS } from "../limits.ts";

/** A tab that has sent nothing for so long counts no more where another tab comes: it may be gone. */
const IDLE_MS = 30_000;

/** Counts the tabs of one connection. */
export class TabCounter {
  /** When each tab has sent last; the tab that has been silent for longest comes first. */
  readonly #sentAt = new Map<string, number>();

  /** @returns whether the tab is one of those that may share the connection */
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
