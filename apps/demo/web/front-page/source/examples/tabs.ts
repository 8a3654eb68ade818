import { createWebSocketSystem } from "@halyard/server";
import { visitProtocol as protocol } from "../../../../shared/visit-protocol.ts";
declare const authenticate: () => { user: { id: string; name: string } };

const { manager, handlers } = createWebSocketSystem({
  protocol,
  authenticate, // connections with the same `user.id` are one user: one entry in the list, one cursor
  async onConnect({ user }) {
    // Sent to each tab of the user only.
    await manager.sendToUser(user.id, { type: "devices", devices: [] });
  },
});
// Closes every connection of the user, on every node.
handlers.on("sign_out", (_message, { user }) => manager.disconnectUser(user.id));
