import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createNemesis, createRandom } from "@halyard/testing";
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { ChromiumPage } from "./chromium-page.ts";
import { soakFaults } from "./faults.ts";
import type { Targets } from "./faults.ts";
import { LogWriter } from "./log.ts";
import type { SoakOptions } from "./options.ts";
import { PagesProcess } from "./pages-process.ts";
import type { Plan } from "./pages-process.ts";
import { everybodyHere, rest } from "./settle.ts";
import type { Moment, SomePages } from "./settle.ts";
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
  /** For how long the page in Chromium was frozen, and how soon after it woke the server had answered it. */
  readonly nap: { readonly frozenMs: number; readonly liveMs: number } | undefined;
}

const EVERY_MS = [50, 400] as const;
/** Every fifth user has two pages; a page is in three rooms. */
const PAGES_OF_FIVE = 6;
const ROOMS_EACH = 3;
/** So many new connections are cut somewhere in their handshake, their hello or their replay. */
const CUT_EARLY = 0.05;
const EARLY_BYTES = 4_000;
/** The page in Chromium is frozen until the trouble ends: for two thirds of it, and no longer than this. */
const FROZEN_MS = 60_000;
const FROZEN_SHARE = 2 / 3;

/**
 * Lets everything go wrong for a while, and waits until all is well again.
 *
 * @param hasChromium whether one page more is in a real browser
 */
export async function soak(options: SoakOptions, hasChromium: boolean): Promise<Soaked> {
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
  const rooms = roomNames(options);
  const chromium = hasChromium
    ? await ChromiumPage.open({ directory, port: proxy.port, rooms: rooms.slice(0, ROOMS_EACH) })
    : undefined;
  const pages: readonly SomePages[] = chromium ? [...workers, chromium] : workers;
  const resting = { server, pages, rooms };
  try {
    await everybodyHere(resting);
    trouble.isOn = true;
    await Promise.all(pages.map((some) => some.start()));
    const errors = await strike(options, { targets: { proxy, server, workers }, chromium, log });
    trouble.isOn = false;
    for (const connection of proxy.connections) connection.resume();
    await Promise.all([server, ...workers].map((speaker) => speaker.quiet()));
    const liveMs = await chromium?.wake();
    await chromium?.quiet();
    const end = await rest(resting);
    for (const [place, users] of end.truth)
      log.write({ type: "online", channel: place === "all" ? place : `room:${place}`, users });
    const openConnections = proxy.connections.length;
    await Promise.all(pages.map((some) => some.end()));
    return {
      directory,
      logs: [join(directory, "soak.jsonl"), ...server.logs, ...pages.map((some) => some.log)],
      end,
      errors: [...errors, server.errors, ...pages.map((some) => some.errors)].filter(Boolean),
      serverLives: server.logs.length,
      openConnections,
      nap: liveMs === undefined ? undefined : { frozenMs: frozenMs(options), liveMs },
    };
  } finally {
    log.close();
    await Promise.all([server.kill(), ...pages.map((some) => some.kill())]);
    await proxy.close();
  }
}

interface Striking {
  readonly targets: Targets;
  readonly chromium: ChromiumPage | undefined;
  readonly log: LogWriter;
}

/** @returns what the faults threw */
async function strike(options: SoakOptions, { targets, chromium, log }: Striking): Promise<string[]> {
  const nemesis = createNemesis({
    seed: options.seed,
    faults: soakFaults(targets),
    everyMs: EVERY_MS,
    onEntry: ({ fault, event, what }) => log.write({ type: "fault", fault, event, what }),
  });
  nemesis.start();
  await pause(options.seconds * 1_000 - frozenMs(options));
  await chromium?.freeze();
  await pause(frozenMs(options));
  try {
    await nemesis.stop();
    return [];
  } catch (error) {
    return (error as AggregateError).errors.map(String);
  }
}

function frozenMs({ seconds }: SoakOptions): number {
  return Math.min(FROZEN_MS, Math.round(seconds * 1_000 * FROZEN_SHARE));
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
