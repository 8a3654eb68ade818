// The log of a soak: written by each process for itself, and merged by time.
// The pages and the server write it; `judge` reads the logs of all processes.
// All processes use the machine's monotonic clock.
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import type { DeliveryEvent } from "@halyard/testing";

/** The events of a soak besides deliveries. */
type Note =
  | {
      readonly type: "fault";
      readonly fault: string;
      readonly event: string;
      readonly what?: string | undefined;
    }
  | { readonly type: "state"; readonly client: string; readonly status: string }
  /** The client reported a gap to the application. */
  | {
      readonly type: "gap_reported";
      readonly client: string;
      readonly channel: string;
      readonly reason: string;
    }
  /** The end of a request: `reply`, or the code of its error. */
  | { readonly type: "settled"; readonly client: string; readonly outcome: string }
  /** Whether a message was stored is unknown: its handler runs again, and publishes under the same key. */
  | { readonly type: "unsettled"; readonly node: string; readonly id: string }
  /** A fault that a log of deliveries cannot show. */
  | { readonly type: "broken"; readonly client: string; readonly message: string };

export type LogEvent = DeliveryEvent | Note;
export type LogLine = LogEvent & { readonly at: number };

/** The machine's monotonic clock in ms, which is the same in all processes of a soak. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return Math.round(seconds * 1e6 + nanoseconds / 1e3) / 1e3;
}

/** Writes the log of one process, one line of JSON for each event. */
export class LogWriter {
  readonly #file: number;
  readonly #bufferedChars: number;
  #buffer = "";

  /** @param bufferedChars how much is buffered; 0 for a process that may be killed, whose events are written at once */
  constructor(path: string, bufferedChars = 64 * 1024) {
    this.#file = openSync(path, "w");
    this.#bufferedChars = bufferedChars;
  }

  write(event: LogEvent): void {
    this.#buffer += `${JSON.stringify({ at: now(), ...event })}\n`;
    if (this.#buffer.length > this.#bufferedChars) this.flush();
  }

  flush(): void {
    const text = this.#buffer;
    this.#buffer = "";
    writeSync(this.#file, text);
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

/** The lines of several logs in the order of their time. Only a chunk of each log is in memory. */
export function* mergeLogs(paths: readonly string[]): Generator<LogLine> {
  const heads = paths.map((path) => new Head(path));
  for (;;) {
    const [first, second] = heads.sort((a, b) => a.at - b.at);
    if (first?.line === undefined) return;
    // The lines of one log follow each other until another log has an earlier one.
    let line: LogLine | undefined = first.line;
    for (; line && line.at <= (second?.at ?? Infinity); line = first.advance()) yield line;
  }
}

/** The read position in one log. */
class Head {
  readonly #lines: Generator<LogLine, undefined>;
  line: LogLine | undefined;

  constructor(path: string) {
    this.#lines = readLog(path);
    this.advance();
  }

  /** The time of the next line; Infinity at the end of the log. */
  get at(): number {
    return this.line?.at ?? Infinity;
  }

  advance(): LogLine | undefined {
    return (this.line = this.#lines.next().value);
  }
}

const CHUNK_BYTES = 1024 * 1024;

function* readLog(path: string): Generator<LogLine, undefined> {
  const file = openSync(path, "r");
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let rest = Buffer.alloc(0);
  try {
    for (let bytes = readSync(file, chunk); bytes > 0; bytes = readSync(file, chunk)) {
      const read = Buffer.concat([rest, chunk.subarray(0, bytes)]);
      // The last line of a killed process may be torn: a line without an end is ignored.
      const end = read.lastIndexOf("\n");
      for (const line of read.toString("utf8", 0, Math.max(0, end)).split("\n"))
        if (line !== "") yield JSON.parse(line) as LogLine;
      rest = read.subarray(end + 1);
    }
  } finally {
    closeSync(file);
  }
  return undefined;
}
