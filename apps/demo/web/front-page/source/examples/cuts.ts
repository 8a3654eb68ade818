import { createWebSocketClient } from "@halyard/client";
import type { VisitProtocol as AppProtocol } from "../../../../shared/visit-protocol.ts";

const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
const room = client.join("general");

// After each reconnect the client sends the offset of its last line, and the server replays the lines after it.
room.on("line", ({ number, text }, { replayed }) => {
  document.body.append(`${number} ${text} ${replayed ? "(replayed)" : ""}\n`);
});
client.onStateChange(({ status }) => (document.title = status)); // "open", "waiting", "open" …
