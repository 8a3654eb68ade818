import type { Connection } from "./connection.ts";
import { percentile } from "./figures.ts";
import type { Figures } from "./job.ts";

const DIGITS = 16;
const AT = 0x40;
/** How far into a payload the stamp is looked for: what a protocol writes before the text is shorter. */
const SEARCHED = 160;

/** Measures how long messages take by the time of their sending, which they carry. */
export class LatencyMeter {
  readonly #samples: Float64Array;
  #count = 0;
  #isOn = false;

  constructor(capacity: number) {
    this.#samples = new Float64Array(capacity);
  }

  /** A text that says when it was made. */
  static stamp(bytes: number): string {
    const stamp = `@${String(Math.round(performance.now() * 1000)).padStart(DIGITS, "0")}`;
    return stamp.padEnd(bytes, "x");
  }

  watch(connections: readonly Connection[]): void {
    this.#isOn = true;
    for (const connection of connections) {
      connection.onText = (bytes, at, available) => {
        if (this.#isOn) this.#look(bytes, at, at + Math.min(available, SEARCHED));
      };
    }
  }

  stop(connections: readonly Connection[]): void {
    this.#isOn = false;
    for (const connection of connections) connection.onText = undefined;
  }

  /** Milliseconds. */
  figures(): Figures {
    const sorted = this.#samples.subarray(0, this.#count).sort();
    return { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99), samples: this.#count };
  }

  /** A frame whose stamp comes with a later read is left out: there is one in thousands. */
  #look(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to && bytes[at] !== AT) at++;
    if (at + DIGITS >= to || this.#count === this.#samples.length) return;
    let stamp = 0;
    for (let digit = at + 1; digit <= at + DIGITS; digit++)
      stamp = stamp * 10 + (bytes[digit] ?? 0x30) - 0x30;
    this.#samples[this.#count++] = performance.now() - stamp / 1000;
  }
}
