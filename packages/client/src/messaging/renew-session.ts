import type { PendingRequests } from "./requests.ts";

/**
 * Renews the session of an open connection with a new ticket, without a reconnect. Never rejects.
 *
 * @param isRunning whether the connection is still the same: a late ticket may be of an earlier user
 * @returns whether the session is renewed
 */
export async function renewSession(
  requests: PendingRequests,
  ticket: () => string | Promise<string>,
  isRunning: () => boolean,
): Promise<boolean> {
  try {
    const frame = { type: "authenticate", ticket: await ticket() };
    if (!isRunning()) return false;
    return await new Promise((resolve) => {
      requests.sendFrame(frame, (reply) => resolve("result" in reply), { isRenewal: true });
    });
  } catch {
    return false;
  }
}
