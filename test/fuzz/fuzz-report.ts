/** The result of one run of the fuzzer. */
export interface FuzzReport {
  readonly frames: number;
  readonly connections: number;
  /** The frames that the healthy client received. */
  readonly received: number;
  /** Messages of the healthy client that were missing or out of order. */
  readonly missed: readonly string[];
  /** Unhandled rejections and exceptions of the server. */
  readonly unhandled: readonly string[];
  readonly polluted: boolean;
  readonly longestLogLine: number;
  /** Bytes after a collection with all attackers disconnected: after a tenth of the frames, and at the end. */
  readonly heapBefore: number;
  readonly heapAfter: number;
  readonly rss: number;
  readonly seconds: number;
}

/** The heap may grow by this, in bytes. A leak with every frame or connection exceeds it by far. */
export const HEAP_SLACK = 24 * 1024 * 1024;

/** The faults in the report of a run. A run whose server dies has no report. */
export function findFaults(report: FuzzReport): string[] {
  const { missed, unhandled, polluted, longestLogLine, heapBefore, heapAfter, received } = report;
  return [
    ...(missed.length > 0 ? [`the healthy client missed ${String(missed[0])}`] : []),
    ...(received === 0 ? ["the healthy client received nothing"] : []),
    ...(unhandled.length > 0 ? [`unhandled: ${String(unhandled[0])}`] : []),
    ...(polluted ? ["a prototype was polluted"] : []),
    ...(longestLogLine > 512 ? [`a log line of ${String(longestLogLine)} bytes`] : []),
    ...(heapAfter - heapBefore > HEAP_SLACK
      ? [`the heap grew from ${String(heapBefore)} to ${String(heapAfter)} bytes`]
      : []),
  ];
}
