import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createNemesis, createRandom } from "@halyard/testing";
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { soakFaults } from "./faults.ts";
import { LogWriter } from "./log.ts";
import type { SoakOptions } from "./options.ts";
import { PagesProcess } from "./pages-process.ts";
import type { Plan } from "./pages-process.ts";
import { everybodyHere, rest } from "./rest.ts";
import type { Moment, Resting } from "./rest.ts";
import { ServerProcess } from "./server-process.ts";

/** What a soak leaves behind. */
export interface Soaked {
  readonly directory: string;
  readonly logs: readonly string[];
  /** How things stood at the end. */
  readonly end: Moment;
  /** What the programs wrote to standard error, and what faults threw. */
  readonly errors: readonly string[];
  readonly serverLives: number;
  readonly openConnections: number;
}

const EVERY_MS = [50, 400] as const;
/** Every fifth user has two pages; a page is in three rooms. */
const PAGES_OF_FIVE = 6;
const ROOMS_EACH = 3;
/** So many new connections are cut somewhere in their handshake, their hello or their replay. */
const CUT_EARLY = 0.05;
const EARLY_BYTES = 4_000;

/** Lets everything go wrong for a while, and waits until all is well again. */
export async function soak(options: SoakOptions): Promise<Soaked> {
  const directory = options.logs ?? mkdtempSync(join(tmpdir(), "halyard-soak-"));
  mkdirSync(directory, { recursive: true });
  const log = new LogWriter(join(directory, "soak.jsonl"));
  const trouble = { isOn: false };
  const chatPerSecond = Math.max(5, Math.ceil((4 * options.rate) / options.clients));
  const server = new ServerProcess({ directory, chatPerSecond });
  await server.start();
  const proxy = await createFaultProxy({
    target: { port: server.port },
    seed: options.seed,
    onConnection: (connection, random) => {
      if (trouble.isOn && random() < CUT_EARLY)
        connection.cutAfter(1 + Math.floor(random() * EARLY_BYTES), random() < 0.5 ? "up" : "down");
    },
  });
  const workers = startPages(options, { directory, proxy });
  const resting = { server, workers, rooms: roomNames(options) };
  try {
    await everybodyHere(resting);
    trouble.isOn = true;
    const errors = await strike(options, { proxy, resting, log });
    trouble.isOn = false;
    for (const connection of proxy.connections) connection.resume();
    await Promise.all([server, ...workers].map((speaker) => speaker.quiet()));
    const end = await rest(resting);
    for (const [place, users] of end.truth)
      log.write({ type: "online", channel: place === "all" ? place : `room:${place}`, users });
    const openConnections = proxy.connections.length;
    await Promise.all(workers.map((worker) => worker.end()));
    return {
      directory,
      logs: [join(directory, "soak.jsonl"), ...server.logs, ...workers.map((worker) => worker.log)],
      end,
      errors: [...errors, server.errors, ...workers.map((worker) => worker.errors)].filter(Boolean),
      serverLives: server.logs.length,
      openConnections,
    };
  } finally {
    log.close();
    await Promise.all([server.kill(), ...workers.map((worker) => worker.kill())]);
    await proxy.close();
  }
}

/** @returns what the faults threw */
async function strike(
  { seed, seconds }: SoakOptions,
  { proxy, resting, log }: { proxy: FaultProxy; resting: Resting; log: LogWriter },
): Promise<string[]> {
  const { server, workers } = resting;
  const nemesis = createNemesis({
    seed,
    faults: soakFaults({ proxy, server, workers }),
    everyMs: EVERY_MS,
    onEntry: ({ fault, event, what }) => log.write({ type: "fault", fault, event, what }),
  });
  await Promise.all(workers.map((worker) => worker.start()));
  nemesis.start();
  await pause(seconds * 1_000);
  try {
    await nemesis.stop();
    return [];
  } catch (error) {
    return (error as AggregateError).errors.map(String);
  }
}

function startPages(
  options: SoakOptions,
  { directory, proxy }: { readonly directory: string; readonly proxy: FaultProxy },
): PagesProcess[] {
  const { seed, workers, rate } = options;
  const plans = planPages(options);
  return Array.from({ length: workers }, (_, index) => {
    const input = {
      seed: seed * 1_000 + index,
      url: `ws://127.0.0.1:${String(proxy.port)}/ws`,
      plans: plans.filter((_plan, page) => page % workers === index),
      rate: rate / workers,
      roomNames: roomNames(options),
    };
    return new PagesProcess(`pages-${String(index + 1)}`, directory, input);
  });
}

function planPages({ seed, clients, rooms }: SoakOptions): Plan[] {
  const random = createRandom(seed);
  return Array.from({ length: clients }, (_, page) => {
    const isDouble = page % PAGES_OF_FIVE === PAGES_OF_FIVE - 1;
    const own = new Set<string>();
    while (own.size < Math.min(ROOMS_EACH, rooms)) own.add(`room-${String(Math.floor(random() * rooms))}`);
    const user = `user-${String(isDouble ? page - 1 : page)}`;
    return { name: isDouble ? `${user}.b` : `${user}.a`, user, rooms: [...own] };
  });
}

function roomNames({ rooms }: SoakOptions): string[] {
  return Array.from({ length: rooms }, (_, index) => `room-${String(index)}`);
}
