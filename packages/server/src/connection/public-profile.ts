// Bounds the public fields of a user, who chooses name and image, because the server sends both to every reader.
// Called wherever a user becomes visible to others: presence, welcome, `connectedUsers`, and authors of messages.
// Guarantee: a profile is at most 1 KiB of JSON.
import type { PublicUser } from "@halyard/protocol";
import type { GuestIdentity } from "../types.ts";
import { jsonBytes } from "../utils/text.ts";

/** The fields of a user that other users see. */
export interface PublicProfile {
  readonly userId: string;
  readonly name: string;
  readonly image?: string;
}

/** The longest name, in UTF-16 units. */
const MAX_NAME_LENGTH = 200;
/** The largest profile as JSON, in bytes: 1 KiB minus the field names and the time that presence adds. */
const MAX_FIELD_BYTES = 1_024 - 96;

/**
 * The public fields of a user. A lone surrogate in a name becomes U+FFFD, as everywhere on the wire. A long name is cut, and an
 * image that does not fit is left out.
 */
export function profileOf({ id: userId, name, image }: GuestIdentity["user"]): PublicProfile {
  const profile = { userId, name: boundedName(userId, typeof name === "string" ? name : userId) };
  const hasImage = typeof image === "string" && fits(userId, profile.name, image);
  return hasImage ? { ...profile, image: image.toWellFormed() } : profile;
}

/** The author of a message that the application publishes, with the same bounds. */
export function boundedAuthor(author: PublicUser): PublicUser {
  const { userId: id, name, image, connectedAt } = author;
  return { ...profileOf({ id, name, image }), connectedAt };
}

/** Whether the profile of a user is cut. */
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
  // Reached only with control characters, which take six bytes each.
  while (name !== "" && !fits(userId, name, "")) name = cut(name, Math.floor(name.length / 2));
  return name.toWellFormed();
}

/** Cuts a text, but never inside a surrogate pair, whose half would become U+FFFD. */
function cut(text: string, length: number): string {
  const endsInPair = length > 0 && (text.charCodeAt(length - 1) & 0xfc00) === 0xd800;
  return text.slice(0, endsInPair ? length - 1 : length);
}

function fits(userId: string, name: string, image: string): boolean {
  if (isShort(userId, name, image)) return true;
  if (name.length + image.length > MAX_FIELD_BYTES) return false;
  return jsonBytes(userId) + jsonBytes(name) + jsonBytes(image) <= MAX_FIELD_BYTES;
}

/** Whether a profile certainly fits, without encoding it: a UTF-16 unit takes at most six bytes of JSON. Most profiles do. */
function isShort(userId: string, name: string, image: string): boolean {
  return (
    name.length <= MAX_NAME_LENGTH && 6 * (userId.length + name.length + image.length) <= MAX_FIELD_BYTES
  );
}
