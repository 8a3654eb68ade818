/** The workload in Chromium: the cost of a client for its page. Called by `peers.ts`. */
import { chromium } from "playwright-core";
import type { Browser, Page } from "playwright-core";
import { chromiumArgs, findChromium } from "../../../scripts/browser.ts";
import type { Figures } from "../load/job.ts";
import { loadAverage } from "../processes/machine.ts";
import { startServer } from "../processes/server-process.ts";
import type { ServerProcess } from "../processes/server-process.ts";
import { servers } from "../processes/servers.ts";
import type { ServerSpec } from "../processes/servers.ts";
import type { ServerResult, WorkloadResult } from "../results/results.ts";
import { RUNS } from "../workloads/workload.ts";
import type { FigureSpec } from "../workloads/workload.ts";
import { bundle, pageClients } from "./clients.ts";
import type { PageClient } from "./clients.ts";
import { startPageTraffic } from "./page-traffic.ts";

const figures: readonly FigureSpec[] = [
  { key: "gzipKb", title: "bundle, gzip", unit: "kB", better: "less", isDrawn: true },
  { key: "cpuUs", title: "CPU per message", unit: "µs", better: "less", isDrawn: true },
  { key: "perSecond", title: "messages per CPU second", unit: "/s", better: "more" },
];

/** The id of the workload in a browser. */
export const PAGE = "page";

/** Lets the page connect to this machine, although no server has sent it. */
const ALLOW_LOOPBACK = "--disable-features=LocalNetworkAccessChecks";

export interface PageOptions {
  readonly isQuick: boolean;
  readonly durationMs: number;
  /** @default 3; 1 with `isQuick` */
  readonly runs: number | undefined;
}

/** Measures the size of each client and its CPU time per message. */
export async function measurePages({
  isQuick,
  durationMs,
  ...options
}: PageOptions): Promise<WorkloadResult> {
  const runs = options.runs ?? (isQuick ? 1 : RUNS);
  const samples = new Map<string, Figures[]>(pageClients.map(({ id }) => [id, []]));
  const before = loadAverage();
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: [...chromiumArgs, ALLOW_LOOPBACK],
  });
  try {
    for (let run = 0; run < runs; run++) {
      for (const client of pageClients) {
        samples.get(client.id)?.push(await measureClient(browser, client, durationMs));
      }
    }
  } finally {
    await browser.close();
  }
  return {
    ...{ id: PAGE, title: "What a client costs a page", figures, runs },
    about:
      "The size of the bundle, and the CPU time of a page in Chromium for each message of 128 B: parsed and read, in Halyard " +
      "also ordered and counted as a position. Phoenix is only weighed.",
    settings: { durationMs },
    measuredAt: new Date().toISOString(),
    loadAverage: before,
    servers: pageClients.map(({ id, title }): ServerResult => ({
      id,
      title,
      samples: samples.get(id) ?? [],
    })),
  };
}

async function measureClient(browser: Browser, client: PageClient, durationMs: number): Promise<Figures> {
  const { script, gzipKb } = await bundle(client);
  const spec = servers.find(({ id }) => id === client.server);
  if (spec === undefined) return { gzipKb };
  const server = await startServer(spec);
  try {
    const page = await openPage(browser, script, server);
    const cpuUs = await measurePage(page, { spec, server, durationMs });
    await page.context().close();
    return { gzipKb, cpuUs, perSecond: 1e6 / cpuUs };
  } finally {
    await server.end();
  }
}

async function openPage(browser: Browser, script: string, { port }: ServerProcess): Promise<Page> {
  const context = await browser.newContext();
  const origin = `http://127.0.0.1:${String(port)}/`;
  await context.route(origin, (route) =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>page</title>" }),
  );
  const page = await context.newPage();
  await page.goto(origin);
  await page.addScriptTag({ content: script, type: "module" });
  return page;
}

interface PageMeasurement {
  readonly spec: ServerSpec;
  readonly server: ServerProcess;
  readonly durationMs: number;
}

/** Measures a page after a warm-up. @returns the CPU time of the page per message, in µs */
async function measurePage(page: Page, { spec, server, durationMs }: PageMeasurement): Promise<number> {
  const received = (): Promise<number> => page.evaluate("window.received ?? 0");
  const cpuSeconds = await meterOf(page);
  using traffic = await startPageTraffic({ spec, server, received });
  await traffic.sendFor(durationMs / 2);
  const before = { cpu: await cpuSeconds(), received: await received() };
  await traffic.sendFor(durationMs);
  const used = (await cpuSeconds()) - before.cpu;
  return (used * 1e6) / ((await received()) - before.received);
}

/** @returns a function that reads the CPU time of all renderers, in seconds; the browser has one page */
async function meterOf(page: Page): Promise<() => Promise<number>> {
  const browser = page.context().browser();
  if (browser === null) throw new Error("the page has no browser");
  const session = await browser.newBrowserCDPSession();
  return async () => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.reduce((sum, { type, cpuTime }) => sum + (type === "renderer" ? cpuTime : 0), 0);
  };
}
