import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import type { AppProtocol } from "../../shared/protocol.ts";
import { socketUrl } from "../lib/server-url.ts";

/** Longer than a page is open, so that a message waits for the server and does not expire. */
const AGE_MS = 7 * 24 * 60 * 60_000;

/**
 * Creates the client of a signed-in user. Messages without a receipt are in `sessionStorage`, and the page sends them after a reload.
 *
 * @param onProblem receives a text for the user about a failed message from before the reload
 */
export function createChatClient(onProblem: (text: string) => void): WebSocketClient<AppProtocol> {
  return createWebSocketClient<AppProtocol>({
    url: socketUrl(),
    // The provider connects the client.
    autoConnect: false,
    outbox: {
      storage: "session",
      ageMs: AGE_MS,
      onReceipt({ status }, { fields }) {
        const text = "content" in fields ? `: ${String(fields.content)}` : ".";
        if (status === "unknown") onProblem(`A message from before the reload may be missing${text}`);
        else if (status !== "delivered") onProblem(`A message from before the reload was not sent${text}`);
      },
    },
  });
}
