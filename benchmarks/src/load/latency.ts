/** The latency of messages, measured in the process that sends and receives them, with one clock. */
import { percentile } from "../utils/statistics.ts";
import type { Connection } from "./connection.ts";
import type { Figures } from "./job.ts";

const DIGITS = 16;
const AT_SIGN = 0x40;
/** The bytes within which the stamp begins: no protocol writes more before the text. */
const SEARCHED = 160;

/** Measures latencies. Each message has the time of its send in its text. */
export class LatencyMeter {
  readonly #samples: Float64Array;
  #count = 0;
  #isRecording = false;

  constructor(capacity: number) {
    this.#samples = new Float64Array(capacity);
  }

  /** A text that begins with the current time. */
  static stamp(bytes: number): string {
    const stamp = `@${String(Math.round(performance.now() * 1000)).padStart(DIGITS, "0")}`;
    return stamp.padEnd(bytes, "x");
  }

  watch(connections: readonly Connection[]): void {
    this.#isRecording = true;
    for (const connection of connections) {
      connection.onText = (bytes, at, available) => {
        if (this.#isRecording) this.#record(bytes, at, at + Math.min(available, SEARCHED));
      };
    }
  }

  stop(connections: readonly Connection[]): void {
    this.#isRecording = false;
    for (const connection of connections) connection.onText = undefined;
  }

  /** The median and the 99th percentile of the latencies, in ms. */
  figures(): Figures {
    const sorted = this.#samples.subarray(0, this.#count).sort();
    return { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), samples: this.#count };
  }

  /** Reads the stamp of a frame. A frame whose stamp is in a later read is left out: one in thousands. */
  #record(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && bytes[at] !== AT_SIGN) at++;
    if (at + DIGITS >= to || this.#count === this.#samples.length) return;
    let stamp = 0;
    for (let digit = at + 1; digit <= at + DIGITS; digit++)
      stamp = stamp * 10 + (bytes[digit] ?? 0x30) - 0x30;
    this.#samples[this.#count++] = performance.now() - stamp / 1000;
  }
}
