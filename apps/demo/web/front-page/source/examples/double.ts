import { createWebSocketSystem } from "@halyard/server";
import type { Line } from "../../../../shared/visit-protocol.ts";
import { visitProtocol as protocol } from "../../../../shared/visit-protocol.ts";
declare const authenticate: () => { user: { id: string; name: string; guest: Line["from"] } };

const { manager, handlers } = createWebSocketSystem({ protocol, authenticate });

// Runs once per message, even if it arrives twice: the client numbers messages, and the server knows the numbers.
handlers.on("line", async ({ number, text }, { user, room, messageId: id }) => {
  const line = { id, from: user.guest, number, text, writtenAt: new Date().toISOString() };
  await manager.sendToRoom(room, { type: "line", ...line });
});
