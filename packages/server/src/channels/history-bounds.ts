// How the memory for history is divided. Called by the assembly.
import type { HistoryBounds } from "../backplane.ts";
import type { ServerLimits } from "../limits.ts";

/** A node's own newest frames get 1/32 of the memory of history, and so one user at most 1/8 of it in both places. */
export function historyBounds(limits: ServerLimits): {
  readonly retention: HistoryBounds;
  readonly recentBytes: number;
} {
  const { historyMessages: messages, historyBytes: bytes, historyMs: ms, historyTotalBytes } = limits;
  const recentBytes = Math.floor(historyTotalBytes / 32);
  const totalBytes = historyTotalBytes - recentBytes;
  const authorBytes = Math.floor(historyTotalBytes / 8) - recentBytes;
  return { retention: { messages, bytes, ms, totalBytes, authorBytes }, recentBytes };
}
