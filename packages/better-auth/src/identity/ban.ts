import type { AuthContext, User } from "better-auth";

/** What Better Auth's admin plugin adds to a user. `banExpires` is text when it comes from a secondary storage. */
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
 * Reads the user's row where the session's copy of the user may be outdated. A secondary storage keeps the user of the
 * moment of sign-in, so a ban that is written into the database does not show in the session.
 *
 * @returns undefined where the session's copy is current, null when the user does not exist
 */
export async function readUserFromStore(
  context: AuthContext,
  userId: string,
): Promise<(User & Bannable) | null | undefined> {
  if (context.secondaryStorage === undefined || !context.hasPlugin("admin")) return undefined;
  return context.internalAdapter.findUserById(userId);
}
