// A change of sessions, and the notices and marks that carry it from one process to the others.
// The session watch writes them to the server's bus, the plugin to its backplane; the watch reads the notices of others.
// Guarantees that a notice is under the bus's limit of 8 KiB, and that a malformed notice is ignored.
import type { SessionCloseCode, SessionMark, SessionNotice } from "@halyard/server";

/** A change in the session store. It contains only identifiers, because a session's token is a credential. */
export type SessionChange =
  | { readonly kind: "ended"; readonly sessionIds: readonly string[]; readonly code: EndCode }
  /** Reported before the end of the user's sessions. */
  | { readonly kind: "banned"; readonly userId: string }
  | { readonly kind: "changed"; readonly userId: string };

/** The close code of a session that ended: 4401, or 4403 for a ban. */
export type EndCode = Exclude<SessionCloseCode, 1013>;

const MAX_IDS = 25;
const MAX_ID_LENGTH = 256;

/** The marks of a change, for nodes that are cut off now. For other changes, such a node checks the sessions itself. */
export function marksOf(change: SessionChange): SessionMark[] {
  if (change.kind === "banned") return [{ user: change.userId, code: 4403 }];
  // Sessions that end with 4403 belong to a ban, which has its own mark.
  if (change.kind === "changed" || change.code === 4403) return [];
  return change.sessionIds.map((session) => ({ session, code: change.code }));
}

/** The notices of a change: one for each 25 sessions. */
export function noticesOf(change: SessionChange): SessionNotice[] {
  if (change.kind === "banned") return [];
  if (change.kind === "changed") return [{ kind: change.kind, userId: change.userId }];
  const notices: SessionNotice[] = [];
  for (let start = 0; start < change.sessionIds.length; start += MAX_IDS) {
    const sessionIds = change.sessionIds.slice(start, start + MAX_IDS);
    notices.push({ kind: change.kind, sessionIds, code: change.code });
  }
  return notices;
}

/** The change in a notice of another node, which may run another version; undefined for anything else. */
export function readNotice(notice: unknown): SessionChange | undefined {
  if (typeof notice !== "object" || notice === null) return undefined;
  const { kind, userId, sessionIds, code } = notice as Record<string, unknown>;
  if (kind === "changed" && isId(userId)) return { kind, userId };
  if (kind !== "ended" || (code !== 4401 && code !== 4403)) return undefined;
  if (!Array.isArray(sessionIds) || sessionIds.length > MAX_IDS || !sessionIds.every(isId)) return undefined;
  return { kind, sessionIds, code };
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= MAX_ID_LENGTH;
}
