import type { AuthContext, User } from "better-auth";

/** The fields that Better Auth's admin plugin adds to a user. `banExpires` is text when it comes from a secondary storage. */
interface Bannable {
  readonly banned?: boolean | null | undefined;
  readonly banExpires?: Date | string | null | undefined;
}

/** Whether this user is banned at the time `now`, in milliseconds. Better Auth's `getSession` does not check it. */
export function isBanned(user: object, now: number): boolean {
  const { banned, banExpires }: Bannable = user;
  if (banned !== true) return false;
  if (banExpires === undefined || banExpires === null) return true;
  return !(new Date(banExpires).getTime() <= now);
}

/**
 * Reads the user's row if the session's copy of the user may be outdated. A secondary storage keeps the user as of the
 * sign-in, so a ban in the database does not show in the session.
 *
 * @returns undefined if the session's copy is current, null if the user does not exist
 */
export async function readUserFromStore(
  context: AuthContext,
  userId: string,
): Promise<(User & Bannable) | null | undefined> {
  if (context.secondaryStorage === undefined || !context.hasPlugin("admin")) return undefined;
  return context.internalAdapter.findUserById(userId);
}
