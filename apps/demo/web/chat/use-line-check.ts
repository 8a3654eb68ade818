import { useEffect, useState } from "react";
import { useClient } from "./halyard.ts";

/** How long a message may wait for its receipt before the line is checked. */
const RECEIPT_TIMEOUT_MS = 2_000;
const ANSWER_MS = 3_000;

/**
 * Checks the line as soon as a message waits for longer than usual: a frozen line looks open, and the client itself probes a
 * silent one after 35 s only. Without a reply the connection is replaced.
 *
 * @returns whether a check is under way
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
