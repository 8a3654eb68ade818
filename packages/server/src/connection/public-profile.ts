// The public fields of a user, bounded: a user chooses name and image, and the server sends both to every reader.
// Called wherever a user becomes visible to others: presence, welcome, `connectedUsers`, authors of messages.
// Guarantee: a profile is at most 1 KiB of JSON.
import type { PublicUser } from "@halyard/protocol";
import type { GuestIdentity } from "../types.ts";
import { jsonBytes } from "../utils/text.ts";

/** What other users see of a user. */
export interface PublicProfile {
  readonly userId: string;
  readonly name: string;
  readonly image?: string;
}

/** The longest name, in UTF-16 units. */
const MAX_NAME_LENGTH = 200;
/** What a profile may have as JSON, bytes: 1 KiB without the names of its fields and the time that presence adds. */
const MAX_FIELD_BYTES = 1_024 - 96;

/**
 * The public fields of a user. A lone surrogate in a name becomes U+FFFD, as everywhere on the wire. A long name is cut; an
 * image for which no room is left is left out.
 */
export function profileOf({ id: userId, name, image }: GuestIdentity["user"]): PublicProfile {
  const profile = { userId, name: boundedName(userId, typeof name === "string" ? name : userId) };
  const hasImage = typeof image === "string" && fits(userId, profile.name, image);
  return hasImage ? { ...profile, image: image.toWellFormed() } : profile;
}

/** The author of a message that the application publishes, within the same bound. */
export function boundedAuthor(author: PublicUser): PublicUser {
  const { userId: id, name, image, connectedAt } = author;
  return { ...profileOf({ id, name, image }), connectedAt };
}

/** Whether the profile of a user is less than what the user has. */
export function isCut({ id, name, image }: GuestIdentity["user"]): boolean {
  if (isShort(id, name ?? "", image ?? "")) return false;
  const profile = profileOf({ id, name, image });
  return (
    (typeof name === "string" && name.length !== profile.name.length) ||
    (image ?? undefined) !== profile.image
  );
}

function boundedName(userId: string, text: string): string {
  let name = text.length > MAX_NAME_LENGTH ? cut(text, MAX_NAME_LENGTH) : text;
  // Only control characters need that much: six bytes each.
  while (name !== "" && !fits(userId, name, "")) name = cut(name, Math.floor(name.length / 2));
  return name.toWellFormed();
}

/** Not inside of a surrogate pair: its half would become U+FFFD. */
function cut(text: string, length: number): string {
  const endsInPair = length > 0 && (text.charCodeAt(length - 1) & 0xfc00) === 0xd800;
  return text.slice(0, endsInPair ? length - 1 : length);
}

function fits(userId: string, name: string, image: string): boolean {
  if (isShort(userId, name, image)) return true;
  if (name.length + image.length > MAX_FIELD_BYTES) return false;
  return jsonBytes(userId) + jsonBytes(name) + jsonBytes(image) <= MAX_FIELD_BYTES;
}

/** Most profiles are so short that they need not be encoded to be measured: a UTF-16 unit is at most six bytes of JSON. */
function isShort(userId: string, name: string, image: string): boolean {
  return (
    name.length <= MAX_NAME_LENGTH && 6 * (userId.length + name.length + image.length) <= MAX_FIELD_BYTES
  );
}
