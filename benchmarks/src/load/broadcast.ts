/**
 * The workloads in which one connection sends and all others receive: fan-out and chat.
 * A delivery is a text frame that a receiver has read.
 */
import { setTimeout as pause } from "node:timers/promises";
import { itemAt } from "../utils/item-at.ts";
import { callAtRate } from "./call-at-rate.ts";
import { ClientPool } from "./client-pool.ts";
import type { ClientPoolOptions } from "./client-pool.ts";
import { compressibleText } from "./compressible-text.ts";
import type { Connection } from "./connection.ts";
import { UsageMeter } from "./cpu.ts";
import type { ClientInfo } from "./dialect.ts";
import { costs, prefix } from "./figures.ts";
import { textFrame } from "./frames.ts";
import { keepInFlight } from "./in-flight.ts";
import type { Figures, FanOutPart, JobOf } from "./job.ts";
import { LatencyMeter } from "./latency.ts";

/** A chat message, from its author to all others, and the receipt to its author. */
export async function chat(job: JobOf<"chat">, options: ClientPoolOptions): Promise<Figures> {
  const { chat: encode } = options.dialect;
  const { inFlight, durationMs } = job;
  const scenario = new BroadcastScenario(options, job);
  try {
    await scenario.prepare(job.connections, encode);
    return await scenario.saturate("chat", { encode, inFlight, durationMs });
  } finally {
    scenario.clients.destroy();
  }
}

export async function fanOut(job: JobOf<"fan-out">, options: ClientPoolOptions): Promise<Figures> {
  const { post: encode } = options.dialect;
  const scenario = new BroadcastScenario(options, job);
  try {
    await scenario.prepare(job.connections, encode);
    let figures: Figures = {};
    for (const part of job.parts) figures = { ...figures, ...(await measurePart(scenario, part, job)) };
    return figures;
  } finally {
    scenario.clients.destroy();
  }
}

function measurePart(
  scenario: BroadcastScenario,
  part: FanOutPart,
  { durationMs }: JobOf<"fan-out">,
): Promise<Figures> {
  const { post: encode } = scenario.clients.dialect;
  if (part.bytes !== undefined) scenario.bytes = part.bytes;
  return "inFlight" in part
    ? scenario.saturate(part.name, { encode, inFlight: part.inFlight, durationMs })
    : scenario.keepRate(part.name, {
        encode,
        deliveriesPerSecond: part.deliveriesPerSecond,
        // A percentile needs more time, because there are fewer deliveries than at full speed.
        durationMs: 2 * durationMs,
      });
}

const ATTEMPTS = 5;

/** The length of `{"type":"posted","text":""}`, in bytes. */
const MESSAGE_OVERHEAD = 27;

type Encode = (text: string, seq: number, info: ClientInfo) => string;

interface SaturationOptions {
  readonly encode: Encode;
  readonly inFlight: number;
  readonly durationMs: number;
}

interface RateOptions {
  readonly encode: Encode;
  readonly deliveriesPerSecond: number;
  readonly durationMs: number;
}

/** A pool of which the first connection sends, and the others receive. */
class BroadcastScenario {
  readonly clients: ClientPool;
  /** Sets the length of the next messages, in bytes, without the fields that a protocol adds. */
  bytes: number;
  readonly #serverPid: number;
  readonly #makeText: (bytes: number) => string;

  constructor(options: ClientPoolOptions, job: { readonly bytes: number; readonly serverPid: number }) {
    this.clients = new ClientPool(options);
    this.bytes = job.bytes;
    this.#serverPid = job.serverPid;
    this.#makeText = options.isCompressed ? compressibleText : (bytes) => LatencyMeter.stamp(bytes);
  }

  /** The connection that sends. */
  get sender(): Connection {
    return itemAt(this.clients.connections, 0);
  }

  get receivers(): readonly Connection[] {
    return this.clients.connections.slice(1);
  }

  /**
   * Opens the connections and sends a message, which every receiver must get once. Another message of the server may arrive meanwhile,
   * so there are several attempts.
   */
  async prepare(connections: number, encode: Encode): Promise<void> {
    await this.clients.grow(connections + 1);
    await this.clients.settle();
    let reached = 0;
    for (let attempt = 0; attempt < ATTEMPTS && reached !== connections; attempt++)
      reached = await this.#countReached(encode);
    if (reached !== connections) {
      throw new Error(`a message reached ${String(reached)} of ${String(connections)} connections once`);
    }
  }

  /** Sends a message. @returns the number of receivers that got exactly one frame */
  async #countReached(encode: Encode): Promise<number> {
    const before = this.receivers.map(({ texts }) => texts);
    this.sender.send(encode(this.#text(), ++this.sender.seq, this.sender.info));
    await this.clients.settle();
    return this.receivers.filter(({ texts }, index) => texts === itemAt(before, index) + 1).length;
  }

  /** Measures the CPU time at the rate at which the last receiver gets the messages. */
  async saturate(name: string, run: SaturationOptions): Promise<Figures> {
    const { encode, inFlight, durationMs } = run;
    const { clients, sender, receivers } = this;
    const { usage, deliveries } = await keepInFlight({
      clients,
      serverPid: this.#serverPid,
      inFlight,
      durationMs,
      watchers: receivers.slice(-1),
      send: (count) => {
        const texts = Array.from({ length: count }, () => encode(this.#text(), ++sender.seq, sender.info));
        sender.write(Buffer.concat(texts.map(textFrame)));
      },
      delivered: () => clients.texts - sender.texts,
    });
    return costs(name, usage, deliveries);
  }

  /** Measures the latency of deliveries at a fixed rate. */
  async keepRate(name: string, run: RateOptions): Promise<Figures> {
    const { encode, deliveriesPerSecond, durationMs } = run;
    const { clients, sender, receivers } = this;
    const latency = new LatencyMeter(Math.ceil((deliveriesPerSecond * durationMs * 2) / 1000));
    const sending = callAtRate(deliveriesPerSecond / receivers.length, () => {
      sender.send(encode(this.#text(), ++sender.seq, sender.info));
    });
    await pause(Math.min(1_000, durationMs / 2));
    const meter = new UsageMeter(this.#serverPid);
    const before = clients.texts - sender.texts;
    latency.watch(receivers);
    await pause(durationMs);
    const usage = meter.read();
    latency.stop(receivers);
    const deliveries = clients.texts - sender.texts - before;
    sending.stop();
    await clients.settle();
    clients.assertNoneEnded();
    return { ...costs(name, usage, deliveries), ...prefix(name, latency.figures()) };
  }

  #text(): string {
    return this.#makeText(this.bytes - MESSAGE_OVERHEAD);
  }
}
