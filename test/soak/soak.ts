// Runs a soak: starts the servers, the proxy and the pages, applies the faults, and waits until everything is settled.
// `main.ts` calls it and then checks the logs. All processes are ended, also after an error.
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
import { settle, waitUntilConnected } from "./settle.ts";
import type { Snapshot, PageGroup } from "./settle.ts";
import { Servers } from "./servers.ts";

/** The result of a soak. */
export interface SoakResult {
  readonly directory: string;
  readonly logs: readonly string[];
  /** The last snapshot. */
  readonly end: Snapshot;
  /** The standard error of the programs, and the errors that faults threw. */
  readonly errors: readonly string[];
  readonly serverLives: number;
  readonly openConnections: number;
  /** The time that the page in Chromium was frozen, and the time from its waking to the first reply of the server. */
  readonly freeze: { readonly frozenMs: number; readonly liveMs: number } | undefined;
}

const EVERY_MS = [50, 400] as const;
/** Every fifth user has two pages, and every page is in three rooms. */
const PAGES_OF_FIVE = 6;
const ROOMS_EACH = 3;
/** The share of new connections that are cut within their handshake, their hello or their replay. */
const EARLY_CUT_SHARE = 0.05;
const EARLY_BYTES = 4_000;
/** The page in Chromium is frozen for the last two thirds of the faults, and at most this long. */
const MAX_FROZEN_MS = 60_000;
const FROZEN_SHARE = 2 / 3;

/**
 * Applies faults for the time of the options, and waits until everything is settled again.
 *
 * @param hasChromium whether another page is in Chromium
 */
export async function soak(options: SoakOptions, hasChromium: boolean): Promise<SoakResult> {
  const directory = options.logs ?? mkdtempSync(join(tmpdir(), "halyard-soak-"));
  mkdirSync(directory, { recursive: true });
  const log = new LogWriter(join(directory, "soak.jsonl"));
  const faults = { areOn: false };
  const chatPerSecond = Math.max(5, Math.ceil((4 * options.rate) / options.clients));
  const servers = await Servers.start({ ...options, directory, chatPerSecond });
  const proxy = await createFaultProxy({
    target: servers,
    seed: options.seed,
    onConnection: (connection, random) => {
      if (faults.areOn && random() < EARLY_CUT_SHARE)
        connection.cutAfter(1 + Math.floor(random() * EARLY_BYTES), random() < 0.5 ? "up" : "down");
    },
  });
  const workers = startPages(options, { directory, proxy });
  const rooms = roomNames(options);
  const chromium = hasChromium
    ? await ChromiumPage.open({ directory, port: proxy.port, rooms: rooms.slice(0, ROOMS_EACH) })
    : undefined;
  const pages: readonly PageGroup[] = chromium ? [...workers, chromium] : workers;
  const parts = { servers, pages, rooms };
  try {
    await waitUntilConnected(parts);
    faults.areOn = true;
    await Promise.all(pages.map((group) => group.start()));
    const errors = await strike(options, { targets: { proxy, servers, workers }, chromium, log });
    faults.areOn = false;
    for (const connection of proxy.connections) connection.resume();
    await Promise.all([servers, ...workers].map((process) => process.quiet()));
    const liveMs = await chromium?.wake();
    await chromium?.quiet();
    const end = await settle(parts);
    for (const [room, users] of end.truth)
      log.write({ type: "online", channel: room === "all" ? room : `room:${room}`, users });
    const openConnections = proxy.connections.length;
    await Promise.all(pages.map((group) => group.end()));
    return {
      directory,
      logs: [join(directory, "soak.jsonl"), ...servers.logs, ...pages.map((group) => group.log)],
      end,
      errors: [...errors, servers.errors, ...pages.map((group) => group.errors)].filter(Boolean),
      serverLives: servers.logs.length,
      openConnections,
      freeze: liveMs === undefined ? undefined : { frozenMs: frozenMs(options), liveMs },
    };
  } finally {
    log.close();
    await Promise.all([servers.kill(), ...pages.map((group) => group.kill())]);
    await proxy.close();
  }
}

interface StrikeParts {
  readonly targets: Targets;
  readonly chromium: ChromiumPage | undefined;
  readonly log: LogWriter;
}

/** Applies faults for the time of the options. @returns the errors that the faults threw */
async function strike(options: SoakOptions, { targets, chromium, log }: StrikeParts): Promise<string[]> {
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
  return Math.min(MAX_FROZEN_MS, Math.round(seconds * 1_000 * FROZEN_SHARE));
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
