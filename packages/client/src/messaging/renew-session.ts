import type { PendingRequests } from "./requests.ts";

/** Renews the session of an open connection with a new ticket, without a reconnect. Never rejects. */
export async function renewSession(
  requests: PendingRequests,
  ticket: () => string | Promise<string>,
  onEnd: (isRenewed: boolean) => void,
): Promise<void> {
  try {
    const frame = { type: "authenticate", ticket: await ticket() };
    requests.sendFrame(frame, (reply) => onEnd("result" in reply), { isRenewal: true });
  } catch {
    onEnd(false);
  }
}
