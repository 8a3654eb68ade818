import { HalyardError } from "@halyard/protocol/wire";
import type { Backplane, Revocation } from "@halyard/server";

/** What a process without a server uses of a backplane. */
export class FakeBackplane implements Pick<Backplane, "announce" | "revoke"> {
  readonly marks: { readonly mark: Revocation; readonly ttlMs: number }[] = [];
  readonly notices: unknown[] = [];
  isAway = false;

  announce(data: string): Promise<void> {
    return this.#unlessAway(() => this.notices.push(JSON.parse(data)));
  }

  revoke(mark: Revocation, ttlMs: number): Promise<void> {
    return this.#unlessAway(() => this.marks.push({ mark, ttlMs }));
  }

  async #unlessAway(take: () => unknown): Promise<void> {
    if (this.isAway) throw new HalyardError("unavailable");
    take();
  }
}
