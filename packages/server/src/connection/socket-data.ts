import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { GuestIdentity, WebSocketData } from "../types.ts";

/** What a socket carries as `data`. */
export type SocketData = WebSocketData & { readonly connectionId: string };

type SocketDataInternals = { -readonly [TKey in keyof SocketData]: SocketData[TKey] } & { protocol?: string };

export function toData({ user }: GuestIdentity, connectionId: string, isV1: boolean): SocketData {
  // Most have no more than this, and keep no room for it.
  const data = { userId: user.id, connectionId };
  defineLazyProfile(data, user, isV1);
  return data;
}

function defineLazyProfile(data: SocketDataInternals, user: GuestIdentity["user"], isV1: boolean): void {
  const { name, image } = user;
  if (name !== undefined) data.name = name;
  if (image !== undefined) data.image = image;
  if ("email" in user && Object.hasOwn(user, "email") && typeof user.email === "string")
    data.email = user.email;
  if (isV1) data.protocol = SUBPROTOCOL;
}
