import type { GuestIdentity, WebSocketData, WebSocketInstance } from "../types.ts";

/** Without an authenticator, a user is whatever the upgrade said. */
export function identityOf({ userId, ...rest }: WebSocketData): GuestIdentity {
  return { user: { ...rest, id: userId } };
}

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
