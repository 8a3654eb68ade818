import type { GuestIdentity } from "../types.ts";

/** What other users see of a user. */
export interface PublicProfile {
  readonly userId: string;
  readonly name: string;
  readonly image?: string;
}

/** The public fields of a user. A lone surrogate in a name becomes U+FFFD, as everywhere on the wire. */
export function profileOf({ id: userId, name, image }: GuestIdentity["user"]): PublicProfile {
  const profile = { userId, name: (typeof name === "string" ? name : userId).toWellFormed() };
  return typeof image === "string" ? { ...profile, image: image.toWellFormed() } : profile;
}
