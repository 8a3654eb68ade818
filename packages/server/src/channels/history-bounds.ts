// Divides the memory for history. Called by the assembly.
import type { HistoryBounds } from "../backplane.ts";
import type { ServerLimits } from "../limits.ts";

/** The newest frames of a node get 1/32 of the memory for history, so that one user fills at most 1/8 of it in both places together. */
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
