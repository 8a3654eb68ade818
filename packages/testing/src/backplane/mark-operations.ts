// The operations of a shared backplane on marks, which close connections and refuse new ones. NodeBackplane sends them to the store.
import { CloseCode } from "@halyard/protocol/wire";
import type { AdmissionRequest, Revocation } from "@halyard/server";
import type { Operation, SharedState } from "./shared-state.ts";

export function revoke(
  mark: Revocation,
  { ttlMs, by }: { readonly ttlMs: number; readonly by: string },
): Operation<void> {
  return ({ state, now, emit }) => {
    const key = markKey(mark);
    const { mark: earlier, endsAt = 0 } = state.marks.get(key) ?? {};
    const isOlder =
      earlier !== undefined && "user" in earlier && "user" in mark && earlier.notBefore > mark.notBefore;
    state.marks.set(key, { mark: isOlder ? earlier : mark, endsAt: Math.max(endsAt, now + ttlMs) });
    if ("user" in mark && mark.code === CloseCode.Forbidden)
      for (const client of state.clients.values()) if (client.user === mark.user) client.rooms.clear();
    emit({ kind: "revoked", mark, by });
  };
}

export function revocations(
  users: readonly string[],
  sessions: readonly string[],
): Operation<readonly Revocation[]> {
  return ({ state, now }) => {
    for (const [key, { endsAt }] of state.marks) if (endsAt <= now) state.marks.delete(key);
    const keys = [...users.map((user) => `u${user}`), ...sessions.map((session) => `s${session}`)];
    return keys.flatMap((key) => state.marks.get(key)?.mark ?? []);
  };
}

/** The mark that applies to a connection that is about to open, if any. */
export function matchingMark(
  state: SharedState,
  { user, session, authenticatedAt }: AdmissionRequest,
  now: number,
): Revocation | undefined {
  const ofSession = session === undefined ? undefined : state.marks.get(`s${session}`);
  if (ofSession !== undefined && ofSession.endsAt > now) return ofSession.mark;
  const ofUser = state.marks.get(`u${user}`);
  if (ofUser === undefined || ofUser.endsAt <= now || authenticatedAt === undefined) return undefined;
  const { mark } = ofUser;
  return "user" in mark && authenticatedAt < mark.notBefore ? mark : undefined;
}

const markKey = (mark: Revocation): string => ("user" in mark ? `u${mark.user}` : `s${mark.session}`);
