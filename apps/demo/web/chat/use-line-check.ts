import { useEffect, useState } from "react";
import { useClient } from "./halyard.ts";

/** The time that a message may wait for its receipt before the connection is checked. */
const RECEIPT_TIMEOUT_MS = 2_000;
const ANSWER_MS = 3_000;

/**
 * Checks the connection when a message waits longer than usual, because a frozen connection looks open, and the client itself checks
 * a silent one after 35 s. Without a reply, the client reconnects.
 *
 * @returns whether a check is running
 */
export function useLineCheck(): boolean {
  const client = useClient();
  const [isChecking, setChecking] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const check = async () => {
      setChecking(true);
      try {
        await client.request("which_node", undefined, { timeoutMs: ANSWER_MS });
      } catch {
        if (client.state.status === "open") client.reconnect();
      }
      setChecking(false);
    };
    // Any change of the queue is progress.
    const restart = () => {
      clearTimeout(timer);
      const { queued, unacknowledged } = client.stores.queue.get();
      if (client.state.status === "open" && queued + unacknowledged > 0)
        timer = setTimeout(() => void check(), RECEIPT_TIMEOUT_MS);
    };
    const stops = [client.onQueue(restart), client.onStateChange(restart)];
    return () => {
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }, [client]);
  return isChecking;
}
