import { setTimeout as pause } from "node:timers/promises";
import type { Connection } from "./connection.ts";
import type { Place } from "./dialect.ts";
import { UsageMeter } from "./cpu.ts";
import { costs, prefix } from "./figures.ts";
import { Fleet } from "./client-pool.ts";
import type { FleetOptions } from "./client-pool.ts";
import { textFrame } from "./frames.ts";
import type { Figures, FanOutPart, JobOf } from "./job.ts";
import { LatencyMeter } from "./latency.ts";
import { prose } from "./compressible-text.ts";
import { keepUnderWay } from "./in-flight.ts";

/** One connection says something, and all others hear it. */
export class Stage {
  readonly fleet: Fleet;
  #bytes: number;
  readonly #serverPid: number;
  readonly #write: (bytes: number) => string;

  constructor(fleet: FleetOptions, job: { readonly bytes: number; readonly serverPid: number }) {
    this.fleet = new Fleet(fleet);
    this.#bytes = job.bytes;
    this.#serverPid = job.serverPid;
    this.#write = fleet.isCompressed ? prose : (bytes) => LatencyMeter.stamp(bytes);
  }

  /** The first connection; it does not count as audience. */
  get speaker(): Connection {
    return at(this.fleet.connections, 0);
  }

  get audience(): readonly Connection[] {
    return this.fleet.connections.slice(1);
  }

  /** How long messages are from now on. */
  set bytes(bytes: number) {
    this.#bytes = bytes;
  }

  /**
   * Opens the connections and sends a message, which everyone must get once. A word of the server's own may fall between
   * the looks, or the answer behind them: then it is asked again.
   */
  async prepare(connections: number, encode: Encode): Promise<void> {
    await this.fleet.grow(connections + 1);
    await this.fleet.settle();
    let got = 0;
    for (let attempt = 0; attempt < ATTEMPTS && got !== connections; attempt++)
      got = await this.#reach(encode);
    if (got !== connections) {
      throw new Error(`a message reached ${String(got)} of ${String(connections)} connections once`);
    }
  }

  /** @returns how many got one more frame */
  async #reach(encode: Encode): Promise<number> {
    const before = this.audience.map(({ texts }) => texts);
    this.speaker.send(encode(this.#text(), ++this.speaker.seq, this.speaker.place));
    await this.fleet.settle();
    return this.audience.filter(({ texts }, index) => texts === at(before, index) + 1).length;
  }

  async saturate(name: string, run: Saturation): Promise<Figures> {
    const { encode, underWay, durationMs } = run;
    const { fleet, speaker, audience } = this;
    const { usage, deliveries } = await keepUnderWay({
      fleet,
      serverPid: this.#serverPid,
      underWay,
      durationMs,
      watchers: audience.slice(-1),
      send: (count) => {
        const texts = Array.from({ length: count }, () => encode(this.#text(), ++speaker.seq, speaker.place));
        speaker.write(Buffer.concat(texts.map(textFrame)));
      },
      delivered: () => fleet.texts - speaker.texts,
    });
    return costs(name, usage, deliveries);
  }

  async keepRate(name: string, run: Rate): Promise<Figures> {
    const { encode, deliveriesPerSecond, durationMs } = run;
    const { fleet, speaker, audience } = this;
    const latency = new LatencyMeter(Math.ceil((deliveriesPerSecond * durationMs * 2) / 1000));
    const talk = talkAt(deliveriesPerSecond / audience.length, () => {
      speaker.send(encode(this.#text(), ++speaker.seq, speaker.place));
    });
    await pause(Math.min(1_000, durationMs / 2));
    const meter = new UsageMeter(this.#serverPid);
    const before = fleet.texts - speaker.texts;
    latency.watch(audience);
    await pause(durationMs);
    const usage = meter.read();
    latency.stop(audience);
    const deliveries = fleet.texts - speaker.texts - before;
    talk.stop();
    await fleet.settle();
    fleet.assertWhole();
    return { ...costs(name, usage, deliveries), ...prefix(name, latency.figures()) };
  }

  /** As long as the whole message is to be, as its author would write it; what a protocol adds comes on top. */
  #text(): string {
    return this.#write(this.#bytes - OVERHEAD);
  }
}

const ATTEMPTS = 5;

/** `{"type":"posted","text":""}` */
const OVERHEAD = 27;

type Encode = (text: string, seq: number, place: Place) => string;

interface Saturation {
  readonly encode: Encode;
  readonly underWay: number;
  readonly durationMs: number;
}

interface Rate {
  readonly encode: Encode;
  readonly deliveriesPerSecond: number;
  readonly durationMs: number;
}

/** From a client's send to everyone who hears it, and back to the client that it was stored. */
export async function chat(job: JobOf<"chat">, options: FleetOptions): Promise<Figures> {
  const { chat: encode } = options.dialect;
  const { underWay, durationMs } = job;
  const stage = new Stage(options, job);
  try {
    await stage.prepare(job.connections, encode);
    return await stage.saturate("chat", { encode, underWay, durationMs });
  } finally {
    stage.fleet.destroy();
  }
}

export async function fanOut(job: JobOf<"fan-out">, options: FleetOptions): Promise<Figures> {
  const { post: encode } = options.dialect;
  const stage = new Stage(options, job);
  try {
    await stage.prepare(job.connections, encode);
    let figures: Figures = {};
    for (const part of job.parts) figures = { ...figures, ...(await measure(stage, part, job)) };
    return figures;
  } finally {
    stage.fleet.destroy();
  }
}

function measure(stage: Stage, part: FanOutPart, { durationMs }: JobOf<"fan-out">): Promise<Figures> {
  const { post: encode } = stage.fleet.dialect;
  if (part.bytes !== undefined) stage.bytes = part.bytes;
  return "underWay" in part
    ? stage.saturate(part.name, { encode, underWay: part.underWay, durationMs })
    : stage.keepRate(part.name, {
        encode,
        deliveriesPerSecond: part.deliveriesPerSecond,
        // Slow ones are few: it takes longer to have seen them.
        durationMs: 2 * durationMs,
      });
}

/** Calls so often per second, evenly; what a late timer missed is made up for. */
export function talkAt(perSecond: number, say: () => void): { stop: () => void } {
  const start = performance.now();
  let said = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - start) / 1000) * perSecond;
    while (said < due) {
      said++;
      say();
    }
  }, 1);
  return { stop: () => clearInterval(timer) };
}

export function at<TItem>(items: readonly TItem[], index: number): TItem {
  const item = items[index];
  if (item === undefined) throw new RangeError(`there is no ${String(index)} of ${String(items.length)}`);
  return item;
}
