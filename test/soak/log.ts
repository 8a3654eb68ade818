// The log of one process of a soak, and the merge of several logs by time.
// Pages, servers and the soak itself write logs, and `judge` reads all of them.
// All processes use the monotonic clock of the machine.
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
  /** A request has ended: with `reply`, or with the code of its error. */
  | { readonly type: "settled"; readonly client: string; readonly outcome: string }
  /** A publish has failed and may have been stored. The handler of the message runs again and publishes under the same key. */
  | { readonly type: "unsettled"; readonly node: string; readonly id: string }
  /** A fault that a log of deliveries cannot show. */
  | { readonly type: "broken"; readonly client: string; readonly message: string };

export type LogEvent = DeliveryEvent | Note;
export type LogLine = LogEvent & { readonly at: number };

/** The time by the monotonic clock of the machine, in ms: the same in all processes of a soak. */
function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return Math.round(seconds * 1e6 + nanoseconds / 1e3) / 1e3;
}

/** Writes the log of one process, one line of JSON for each event. */
export class LogWriter {
  readonly #file: number;
  readonly #bufferedChars: number;
  #buffer = "";

  /** @param bufferedChars the most characters in the buffer; 0 for a process that may be killed, which writes each event at once */
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

/** Writes the uncaught errors of a process to its log. @returns a function that writes any other error in the same way */
export function recordFaults(log: LogWriter, client: string): (error: unknown) => void {
  const recordFault = (error: unknown): void => {
    const message = error instanceof Error ? String(error.stack) : String(error);
    log.write({ type: "broken", client, message });
  };
  process.on("unhandledRejection", recordFault);
  process.on("uncaughtException", recordFault);
  return recordFault;
}

/** The lines of several logs in the order of their time. Only a chunk of each log is in memory. */
export function* mergeLogs(paths: readonly string[]): Generator<LogLine> {
  const readers = paths.map((path) => new Reader(path));
  for (;;) {
    const [first, second] = readers.sort((a, b) => a.at - b.at);
    if (first?.line === undefined) return;
    // Yields the lines of one log until another log has an earlier line.
    let line: LogLine | undefined = first.line;
    for (; line && line.at <= (second?.at ?? Infinity); line = first.advance()) yield line;
  }
}

/** Reads one log line by line, and holds the next line. */
class Reader {
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
      // The last line of a killed process may be incomplete: a line without a line end is ignored.
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
