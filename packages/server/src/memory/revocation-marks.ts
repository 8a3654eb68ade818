// The marks of users and sessions whose connections were closed, for connections that are still opening.
// Called by the memory backplane at each admission; without marks, a call is one comparison.

import type { AdmissionRequest, Revocation } from "../backplane.ts";

interface StoredMark {
  readonly mark: Revocation;
  readonly endsAt: number;
}

/** The marks that are in force. */
export class RevocationMarks {
  readonly #users = new Map<string, StoredMark>();
  readonly #sessions = new Map<string, StoredMark>();

  get size(): number {
    return this.#users.size + this.#sessions.size;
  }

  add(mark: Revocation, endsAt: number): void {
    if ("session" in mark) {
      this.#sessions.set(mark.session, { mark, endsAt });
      return;
    }
    const earlier = this.#users.get(mark.user)?.mark;
    const isOlder = earlier !== undefined && "user" in earlier && earlier.notBefore > mark.notBefore;
    if (!isOlder) this.#users.set(mark.user, { mark, endsAt });
  }

  /** The mark that applies to a connection, if any. */
  matching({
    user,
    session,
    authenticatedAt,
  }: Pick<AdmissionRequest, "user" | "session" | "authenticatedAt">) {
    if (this.size === 0) return undefined;
    const bySession = session === undefined ? undefined : this.#sessions.get(session)?.mark;
    return bySession ?? this.#matchingUser(user, authenticatedAt);
  }

  of(users: readonly string[], sessions: readonly string[]): readonly Revocation[] {
    const marks = [
      ...users.map((user) => this.#users.get(user)),
      ...sessions.map((session) => this.#sessions.get(session)),
    ];
    return marks.flatMap((stored) => stored?.mark ?? []);
  }

  sweep(now: number): void {
    for (const marks of [this.#users, this.#sessions])
      for (const [key, { endsAt }] of marks) if (endsAt <= now) marks.delete(key);
  }

  #matchingUser(user: string, authenticatedAt: number | undefined): Revocation | undefined {
    const mark = this.#users.get(user)?.mark;
    if (mark === undefined || !("user" in mark) || authenticatedAt === undefined) return undefined;
    return authenticatedAt < mark.notBefore ? mark : undefined;
  }
}
