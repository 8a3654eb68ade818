import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import type { AppProtocol } from "../../shared/protocol.ts";
import { socketUrl } from "../lib/server-url.ts";

/** Longer than a page lives: a message waits for the server, and does not fail. */
const AGE_MS = 7 * 24 * 60 * 60_000;

/**
 * The client of one signed-in user. What has no receipt is kept in `sessionStorage`, and the page after a reload sends it.
 *
 * @param onProblem receives what the user should know about messages of the page before the reload
 */
export function createChatClient(onProblem: (text: string) => void): WebSocketClient<AppProtocol> {
  return createWebSocketClient<AppProtocol>({
    url: socketUrl(),
    // The provider connects it.
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
