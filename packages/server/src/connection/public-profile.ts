import type { GuestIdentity } from "../types.ts";

/** What others may know of a user. */
export interface PublicProfile {
  readonly userId: string;
  readonly name: string;
  readonly image?: string;
}

/** The public fields of a user, and no others. Users name themselves: half of a surrogate pair is U+FFFD here, too. */
export function profileOf({ id: userId, name, image }: GuestIdentity["user"]): PublicProfile {
  const profile = { userId, name: (typeof name === "string" ? name : userId).toWellFormed() };
  return typeof image === "string" ? { ...profile, image: image.toWellFormed() } : profile;
}
