// Reports this process' changes of sessions and users, by wrapping Better Auth's internal adapter.
// The plugin starts it with the instance, the session watch with its server; the watch ends it when it stops.
// Guarantees that an error of the observation never fails the sign-out, ban or removal that it observes.
import type { AuthContext } from "better-auth";
import { isBanned } from "../identity/ban.ts";
import type { EndCode, SessionChange } from "./notice.ts";
import { wrapMethod } from "./wrap-method.ts";

/** Receives each change that the observed process makes. Its promise is awaited before the change is answered. */
export type ChangeListener = (change: SessionChange) => void | Promise<void>;

/** The receiver of changes, and the current time in milliseconds, which decides whether a ban has expired. */
export interface StoreObserver {
  readonly listener: ChangeListener;
  readonly now: () => number;
}

type InternalAdapter = AuthContext["internalAdapter"];

/**
 * Reports changes of sessions and users. Better Auth's `databaseHooks` do not fire for sessions that are in a secondary
 * storage only, so its internal adapter is wrapped in place: every endpoint and plugin uses it.
 *
 * @returns a function that ends the observation
 */
export function observeStore({ internalAdapter }: AuthContext, observer: StoreObserver): () => void {
  const banned = new Set<string>();
  const undo = [
    ...observeSessions(internalAdapter, observer.listener, banned),
    ...observeUsers(internalAdapter, observer, banned),
  ];
  return () => undo.forEach((restore) => restore());
}

/** @param banned the users who were just banned: the ban itself removes their sessions */
function observeSessions(
  adapter: InternalAdapter,
  listener: ChangeListener,
  banned: Set<string>,
): (() => void)[] {
  const endByToken = async (tokens: string[], remove: () => Promise<void>): Promise<void> => {
    const sessions = await orEmpty(adapter.findSessions(tokens));
    await remove();
    await emitEnded(
      listener,
      sessions.map(({ session }) => session.id),
      4401,
    );
  };
  const endByUser = async (userId: string, remove: () => Promise<void>): Promise<void> => {
    const sessionIds = await sessionIdsOf(adapter, userId);
    await remove();
    await emitEnded(listener, sessionIds, banned.delete(userId) ? 4403 : 4401);
    await listener({ kind: "changed", userId }); // a session may have been created after the list was read
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
      // Ordinary HTTP requests extend their session. That happens often and does not concern connections.
      const isExtension = Object.keys(data).every((key) => key === "expiresAt" || key === "updatedAt");
      if (session !== null && !isExtension) await listener({ kind: "changed", userId: session.userId });
      return session;
    }),
  ];
}

function observeUsers(
  adapter: InternalAdapter,
  { listener, now }: StoreObserver,
  banned: Set<string>,
): (() => void)[] {
  const onUpdate = async (user: { readonly id: string } | null): Promise<void> => {
    if (user === null) return; // the update found no such user
    banned.delete(user.id);
    // A ban first updates the user and then deletes the sessions, so the change with 4403 must be reported before those with 4401.
    if (isBanned(user, now())) {
      banned.add(user.id);
      await listener({ kind: "banned", userId: user.id });
      await emitEnded(listener, await sessionIdsOf(adapter, user.id), 4403);
    }
    await listener({ kind: "changed", userId: user.id });
  };
  return [
    wrapMethod(adapter, "updateUser", (original) => notifyAfter(original, onUpdate)),
    wrapMethod(adapter, "updateUserByEmail", (original) => notifyAfter(original, onUpdate)),
  ];
}

type UserUpdate = (...parameters: never[]) => Promise<{ readonly id: string } | null>;

// The cast keeps the method's own type parameter, which no implementation of it can know.
function notifyAfter<TUpdate extends UserUpdate>(
  original: TUpdate,
  notify: (user: { readonly id: string } | null) => Promise<void>,
): TUpdate {
  const update: UserUpdate = async (...parameters) => {
    const user = await original(...parameters);
    await notify(user);
    return user;
  };
  return update as TUpdate;
}

async function emitEnded(
  listener: ChangeListener,
  sessionIds: readonly string[],
  code: EndCode,
): Promise<void> {
  if (sessionIds.length > 0) await listener({ kind: "ended", sessionIds, code });
}

async function sessionIdsOf(adapter: InternalAdapter, userId: string): Promise<string[]> {
  return (await orEmpty(adapter.listSessions(userId))).map(({ id }) => id);
}

// A user must be able to sign out even if the list of sessions cannot be read; a later check finds their connections.
async function orEmpty<TRow>(rows: Promise<TRow[]>): Promise<TRow[]> {
  return rows.catch(() => []);
}
