import { availableParallelism, loadavg } from "node:os";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { leaveOut } from "../support/left-out.ts";
import { DemoServer } from "./demo-server.ts";

/** A phone of the middle class on a slow mobile line. */
const LINE = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_600_000 / 8,
  uploadThroughput: 750_000 / 8,
};
const CPU_SLOWDOWN = 4;
const VISITS = 5;
const MAX_MEDIAN_MS = 1_000;

let server: DemoServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([DemoServer.create(), launchChromium()]);
  await server.start();
});
afterAll(async () => {
  await browser.close();
  await server.remove();
});

it("paints first within a second on a slow phone: the median of five visits at 1.6 Mbit/s and 150 ms", async (context) => {
  const times: number[] = [];
  for (let visit = 1; visit <= VISITS; visit++) times.push(await firstPaint());
  // The figures are for a reader of the log.
  process.stdout.write(
    `First contentful paint of five visits: ${times.map((ms) => ms.toFixed()).join(", ")} ms\n`,
  );
  // A browser that waits for a processor paints late, whatever the page is.
  const [load = 0] = loadavg();
  if (load > availableParallelism()) leaveOut(context, `the load of this machine is ${load.toFixed(1)}`);
  const median = times.toSorted((left, right) => left - right)[Math.floor(VISITS / 2)];
  expect(median).toBeLessThan(MAX_MEDIAN_MS);
});

/** @returns from the start of the navigation, in milliseconds */
async function firstPaint(): Promise<number> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", LINE);
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: CPU_SLOWDOWN });
  await page.goto(server.origin);
  const entry = await page.waitForFunction(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
  );
  const time = (await entry.jsonValue()) ?? Infinity;
  await context.close();
  return time;
}
