import type { PendingRequests } from "./requests.ts";

/** Renews the session of an open connection with a new ticket, without a reconnect. Never rejects. */
export async function renewSession(
  requests: PendingRequests,
  ticket: () => string | Promise<string>,
  onFailed: () => void,
): Promise<void> {
  try {
    requests.sendFrame({ type: "authenticate", ticket: await ticket() }, (reply) => {
      if ("error" in reply) onFailed();
    });
  } catch {
    onFailed();
  }
}
