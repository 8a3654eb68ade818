import type { SessionCloseCode, SessionNotice } from "@halyard/server";

/** What happened in the session store, as one node tells another. Identifiers only: a token would be a credential. */
export type SessionChange =
  | { readonly kind: "ended"; readonly sessionIds: readonly string[]; readonly code: EndCode }
  | { readonly kind: "changed"; readonly userId: string };

export type EndCode = Exclude<SessionCloseCode, 1013>;

const MAX_IDS = 25;
const MAX_ID_LENGTH = 256;

/** As many notices as it takes to stay under the bus's limit. */
export function noticesOf(change: SessionChange): SessionNotice[] {
  if (change.kind === "changed") return [{ kind: change.kind, userId: change.userId }];
  const notices: SessionNotice[] = [];
  for (let start = 0; start < change.sessionIds.length; start += MAX_IDS) {
    const sessionIds = change.sessionIds.slice(start, start + MAX_IDS);
    notices.push({ kind: change.kind, sessionIds, code: change.code });
  }
  return notices;
}

/** Reads what came from another node, which may be of another version, or no node at all. */
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
