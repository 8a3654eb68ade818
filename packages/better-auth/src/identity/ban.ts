import type { AuthContext, User } from "better-auth";

/** What Better Auth's admin plugin adds to a user. `banExpires` is text when it comes from a secondary storage. */
interface Bannable {
  readonly banned?: boolean | null | undefined;
  readonly banExpires?: Date | string | null | undefined;
}

/** Whether this user is banned right now. Better Auth's `getSession` does not look at it. */
export function isBanned(user: object, now: number): boolean {
  const { banned, banExpires }: Bannable = user;
  if (banned !== true) return false;
  if (banExpires === undefined || banExpires === null) return true;
  return !(new Date(banExpires).getTime() <= now);
}

/**
 * The user's row where the session's own copy may be old: a secondary storage keeps the user as they were at sign-in,
 * so that a ban written into the database would not show there.
 */
export async function freshUser(
  context: AuthContext,
  userId: string,
): Promise<(User & Bannable) | null | undefined> {
  if (context.secondaryStorage === undefined || !context.hasPlugin("admin")) return undefined;
  return context.internalAdapter.findUserById(userId);
}
