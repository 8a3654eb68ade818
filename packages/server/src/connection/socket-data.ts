import { SUBPROTOCOL } from "@halyard/protocol/wire";
import { jsonBytes } from "../utils/text.ts";
import type { GuestIdentity, WebSocketData, WebSocketInstance } from "../types.ts";

/** The `ws.data` of a socket that the server upgraded. */
export type SocketData = WebSocketData & { readonly connectionId: string };

type SocketDataInternals = { -readonly [TKey in keyof SocketData]: SocketData[TKey] } & { protocol?: string };

export function toData({ user }: GuestIdentity, connectionId: string, isV1: boolean): SocketData {
  // Optional fields are added only if they have a value, because most users have none.
  const data = { userId: user.id, connectionId };
  addProfile(data, user, isV1);
  return data;
}

function addProfile(data: SocketDataInternals, user: GuestIdentity["user"], isV1: boolean): void {
  const { name, image } = user;
  if (name !== undefined) data.name = name;
  if (image !== undefined) data.image = image;
  if ("email" in user && Object.hasOwn(user, "email") && typeof user.email === "string")
    data.email = user.email;
  if (isV1) data.protocol = SUBPROTOCOL;
}

/** The identity of a socket without an authenticator: the fields of `ws.data`. */
export function identityOf({ userId, ...profile }: WebSocketData): GuestIdentity {
  return { user: { ...profile, id: userId } };
}

/** Whether `ws.data` names a user. */
export function hasUserId(ws: WebSocketInstance): ws is WebSocketInstance<WebSocketData> {
  const { data } = ws;
  return typeof data === "object" && data !== null && "userId" in data && isUserId(data.userId);
}

/** The longest user id as JSON, in bytes: it is part of each profile, which is at most 1 KiB. */
const MAX_USER_ID_BYTES = 900;

/** Whether a value is a valid user id: a text that fits a profile and, as UTF-8, the name of a channel. */
export function isUserId(id: unknown): id is string {
  if (typeof id !== "string" || id === "" || !id.isWellFormed()) return false;
  // A UTF-16 unit takes at most six bytes of JSON.
  return (
    6 * id.length <= MAX_USER_ID_BYTES ||
    (id.length <= MAX_USER_ID_BYTES && jsonBytes(id) - 2 <= MAX_USER_ID_BYTES)
  );
}
