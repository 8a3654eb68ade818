import type { AuthContext } from "better-auth";
import { isBanned } from "../identity/ban.ts";
import type { EndCode, SessionChange } from "./notice.ts";
import { wrapMethod } from "./wrap-method.ts";

export type ChangeListener = (change: SessionChange) => void;

export interface StoreObserver {
  readonly listener: ChangeListener;
  readonly now: () => number;
}

type InternalAdapter = AuthContext["internalAdapter"];

/**
 * Hears what this process does to sessions and users. Better Auth's `databaseHooks` do not fire for sessions that live
 * in a secondary storage only, so its internal adapter is wrapped in place: every endpoint and plugin goes through it.
 *
 * @returns undoes it
 */
export function observeStore({ internalAdapter }: AuthContext, observer: StoreObserver): () => void {
  const undo = [
    ...observeSessions(internalAdapter, observer.listener),
    ...observeUsers(internalAdapter, observer),
  ];
  return () => undo.forEach((restore) => restore());
}

function observeSessions(adapter: InternalAdapter, listener: ChangeListener): (() => void)[] {
  const endByToken = async (tokens: string[], remove: () => Promise<void>): Promise<void> => {
    const sessions = await orNone(adapter.findSessions(tokens));
    await remove();
    end(
      listener,
      sessions.map(({ session }) => session.id),
      4401,
    );
  };
  const endByUser = async (userId: string, remove: () => Promise<void>): Promise<void> => {
    const sessionIds = await sessionIdsOf(adapter, userId);
    await remove();
    end(listener, sessionIds, 4401);
    listener({ kind: "changed", userId }); // a session may have been made since the list was
  };
  return [
    wrapMethod(adapter, "deleteSession", (original) => (token) => endByToken([token], () => original(token))),
    wrapMethod(
      adapter,
      "deleteSessions",
      (original) => (tokens) => endByToken(tokens, () => original(tokens)),
    ),
    wrapMethod(adapter, "deleteUserSessions", (original) => (id) => endByUser(id, () => original(id))),
    wrapMethod(adapter, "deleteUser", (original) => (id) => endByUser(id, () => original(id))),
    wrapMethod(adapter, "updateSession", (original) => async (token, data) => {
      const session = await original(token, data);
      // A mere extension changes nothing for anybody, and comes with ordinary requests.
      const isExtension = Object.keys(data).every((key) => key === "expiresAt" || key === "updatedAt");
      if (session !== null && !isExtension) listener({ kind: "changed", userId: session.userId });
      return session;
    }),
  ];
}

function observeUsers(adapter: InternalAdapter, { listener, now }: StoreObserver): (() => void)[] {
  const changed = async (user: { readonly id: string } | null): Promise<void> => {
    if (user === null) return; // there was no such user
    // The ban's own code comes first; the sessions are deleted after it.
    if (isBanned(user, now())) end(listener, await sessionIdsOf(adapter, user.id), 4403);
    listener({ kind: "changed", userId: user.id });
  };
  return [
    wrapMethod(adapter, "updateUser", (original) => tellingAfter(original, changed)),
    wrapMethod(adapter, "updateUserByEmail", (original) => tellingAfter(original, changed)),
  ];
}

type UserUpdate = (...parameters: never[]) => Promise<{ readonly id: string } | null>;

// The cast keeps the method's own type parameter, which no implementation of it can know.
function tellingAfter<TUpdate extends UserUpdate>(
  original: TUpdate,
  tell: (user: { readonly id: string } | null) => Promise<void>,
): TUpdate {
  const update: UserUpdate = async (...parameters) => {
    const user = await original(...parameters);
    await tell(user);
    return user;
  };
  return update as TUpdate;
}

function end(listener: ChangeListener, sessionIds: readonly string[], code: EndCode): void {
  if (sessionIds.length > 0) listener({ kind: "ended", sessionIds, code });
}

async function sessionIdsOf(adapter: InternalAdapter, userId: string): Promise<string[]> {
  return (await orNone(adapter.listSessions(userId))).map(({ id }) => id);
}

// Knowing whose sockets to close must never be what keeps somebody from signing out; the look-ups find the rest.
async function orNone<TRow>(rows: Promise<TRow[]>): Promise<TRow[]> {
  return rows.catch(() => []);
}
