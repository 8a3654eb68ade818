import { createWebSocketClient } from "@halyard/client";
import type { VisitProtocol as AppProtocol } from "../../../../shared/visit-protocol.ts";

const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
const room = client.join("general");

// After each reconnect the client names the last line that it has, and the server sends those behind it.
room.on("line", ({ number, text }, { replayed }) => {
  document.body.append(`${number} ${text} ${replayed ? "(replayed)" : ""}\n`);
});
client.onStateChange(({ status }) => (document.title = status)); // "open", "waiting", "open" …
