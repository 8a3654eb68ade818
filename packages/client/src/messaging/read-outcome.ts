import type { SendResult } from "@halyard/protocol";
import type { Outcome } from "../common/receipt.ts";
import type { Reply } from "./requests.ts";

/** @param mayHaveRun whether the refused operation may have run before, on a node that was lost */
export function readOutcome(reply: Reply, mayHaveRun: unknown): Outcome {
  if ("error" in reply)
    return mayHaveRun ? { status: "unknown" } : { status: "rejected", error: reply.error };
  const { ch, off, result } = Object(reply.result) as SendResult;
  return { status: "delivered", channel: ch, offset: off, result };
}
