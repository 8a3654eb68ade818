import type { FuzzReport } from "./fuzz.ts";

/** A heap is never twice the same; what leaks with every frame or connection shows far beyond this. */
export const HEAP_SLACK = 24 * 1024 * 1024;

/** What of a run must not be. That the process lives is shown by the run having ended. */
export function findFaults(report: FuzzReport): string[] {
  const { missed, unhandled, polluted, longestLogLine, heapBefore, heapAfter, witnessed } = report;
  return [
    ...(missed.length > 0 ? [`the healthy client missed ${String(missed[0])}`] : []),
    ...(witnessed === 0 ? ["the healthy client heard nothing"] : []),
    ...(unhandled.length > 0 ? [`unhandled: ${String(unhandled[0])}`] : []),
    ...(polluted ? ["a prototype was polluted"] : []),
    ...(longestLogLine > 512 ? [`a log line of ${String(longestLogLine)} bytes`] : []),
    ...(heapAfter - heapBefore > HEAP_SLACK
      ? [`the heap grew from ${String(heapBefore)} to ${String(heapAfter)} bytes`]
      : []),
  ];
}
