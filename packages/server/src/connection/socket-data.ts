import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { GuestIdentity, WebSocketData, WebSocketInstance } from "../types.ts";

/** What `ws.data` holds on a socket that the server upgraded. */
export type SocketData = WebSocketData & { readonly connectionId: string };

type SocketDataInternals = { -readonly [TKey in keyof SocketData]: SocketData[TKey] } & { protocol?: string };

export function toData({ user }: GuestIdentity, connectionId: string, isV1: boolean): SocketData {
  // Most users have no further public fields, so none is defined for them.
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

/** Without an authenticator the identity is `ws.data`. */
export function identityOf({ userId, ...profile }: WebSocketData): GuestIdentity {
  return { user: { ...profile, id: userId } };
}

/** Whether `ws.data` names a user. */
export function hasUserId(ws: WebSocketInstance): ws is WebSocketInstance<WebSocketData> {
  const { data } = ws;
  return (
    typeof data === "object" &&
    data !== null &&
    "userId" in data &&
    typeof data.userId === "string" &&
    data.userId !== ""
  );
}
