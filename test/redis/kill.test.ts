import { setTimeout as pause } from "node:timers/promises";
import { createRandom } from "@halyard/testing";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "../support/wait.ts";
import { BalancedPage } from "./support/balanced-page.ts";
import { Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster.ts";
import { publishUntil, seedOfRun } from "./support/faults.ts";
import { IS_LONG } from "../support/long-run.ts";
import { PresenceLog } from "./support/presence-log.ts";

const PAGES = IS_LONG ? 1_000 : 300;
const ROOM = "lobby";

let cluster: Cluster;
let log: PresenceLog;
let pages: BalancedPage[];
afterEach(async () => {
  for (const page of pages) page.close();
  log.close();
  await cluster.close();
});

/** Three nodes, with all pages on the last one. */
async function start(seed: number): Promise<ClusterNode> {
  const limits = { leaveGraceMs: 5_000 };
  const drainMs = IS_LONG ? 20_000 : 5_000;
  cluster = await Cluster.start({ runtimes: ["node", "node", "node"], limits, drainMs });
  log = await PresenceLog.open(cluster.redis);
  pages = [];
  const random = createRandom(seed);
  const node = cluster.node(2);
  for (let n = 0; n < PAGES; n++) {
    pages.push(new BalancedPage(cluster, { userId: `user-${String(n)}`, room: ROOM, node, random }));
    if (n % 50 === 49) await until("the pages to be open", () => pages.every(({ isOpen }) => isOpen), 40_000);
  }
  const inRoom = () => log.records.filter(({ room }) => room === ROOM).length;
  await until("all pages to be in the room", () => inRoom() === PAGES, 40_000);
  return node;
}

/** Publishes in the room from another node while something happens, and then until every page has everything. */
async function whilePublishing(happening: () => Promise<unknown>): Promise<readonly string[]> {
  let isOver = false;
  const publisher = cluster.node(0);
  const watcher = new BalancedPage(cluster, {
    userId: "watcher",
    room: ROOM,
    node: publisher,
    random: () => 0,
  });
  await until("the watcher to be in the room", () => watcher.room.state.status === "joined");
  const publishing = publishUntil(() => isOver, publisher, { room: ROOM, everyMs: 250, count: 1 });
  try {
    await pause(500);
    await happening();
    await pause(500);
  } finally {
    isOver = true;
    await publishing;
  }
  const count = await publishing;
  const everywhere = [watcher, ...pages];
  // A page that lacks something fails its test by what it has.
  await until("every page to have everything", () =>
    everywhere.every(({ texts }) => texts.length >= count),
  ).catch(() => {});
  watcher.close();
  expect(watcher.texts).toHaveLength(count);
  return watcher.texts;
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? NaN;
}

describe("a node that is killed with -9", () => {
  it(`has ${String(PAGES)} pages, of which 99.9 % are back and complete within 5 s; those that stay away leave, and no other user`, async () => {
    const seed = seedOfRun("[line 4]");
    const killed = await start(seed);
    const absent = await Promise.all(
      Array.from({ length: 20 }, (_, n) => cluster.connect(killed, `absent-${String(n)}`)),
    );
    await Promise.all(
      Array.from({ length: 20 }, (_, n) => cluster.connect(cluster.node(n % 2), `elsewhere-${String(n)}`)),
    );
    await until("all to be online", () => log.online.length === PAGES + 40, 10_000);
    const before = log.records.length;
    let killedAt = 0;
    const published = await whilePublishing(async () => {
      killedAt = performance.now();
      await killed.kill();
      await until("all pages to be back", () => pages.every(({ isOpen }) => isOpen), 15_000);
      const left = () => log.of((user) => user.startsWith("absent-"), "-").length;
      await until("those who stay away to be offline", () => left() === absent.length, 15_000);
    });
    const returns = pages.map(({ returnMs }) => returnMs);
    const complete = pages.filter(
      ({ gaps, texts, returnMs }) => returnMs <= 5_000 && gaps.length === 0 && isSame(published, texts),
    );
    const left = log.records.slice(before).filter(({ user }) => user !== "watcher");
    const lastAfterMs = Math.max(...left.map(({ at }) => at)) - killedAt;
    process.stdout.write(
      `[line 4]: of ${String(PAGES)} pages ${String(complete.length)} back and complete; p50 ${percentile(returns, 0.5).toFixed(0)} ms, slowest ${Math.max(...returns).toFixed(0)} ms; others offline after ${lastAfterMs.toFixed(0)} ms\n`,
    );
    expect(complete.length, `seed ${String(seed)}`).toBeGreaterThanOrEqual(Math.floor(0.999 * PAGES));
    expect(lastAfterMs).toBeLessThan(10_000);
    const others = left.filter(({ user, sign }) => sign !== "-" || !user.startsWith("absent-"));
    expect(
      others.map(({ at, room = "", sign, user }) => [Math.round(at - killedAt), sign + user, room]),
    ).toEqual([]);
    expect(log.doubled).toEqual([]);
  }, 120_000);
});

describe("a node that gets SIGTERM", () => {
  it("hands its pages over without an event of presence, and exits with 0 within 30 s [I11]", async () => {
    const seed = seedOfRun("[SIGTERM]");
    const ended = await start(seed);
    const before = log.records.length;
    let exitMs = 0;
    let code: number | null = null;
    const published = await whilePublishing(async () => {
      const startedAt = performance.now();
      code = await ended.terminate();
      exitMs = performance.now() - startedAt;
      await until("all pages to be back", () => pages.every(({ isOpen }) => isOpen), 15_000);
      // The leave of a user would have been announced by now.
      await pause(7_500);
    });
    process.stdout.write(`[SIGTERM]: exit after ${exitMs.toFixed(0)} ms\n`);
    expect(code).toBe(0);
    expect(exitMs).toBeLessThan(30_000);
    expect(log.records.slice(before).filter(({ user }) => user !== "watcher")).toEqual([]);
    const incomplete = pages.filter(({ gaps, texts }) => gaps.length > 0 || !isSame(published, texts));
    expect(incomplete.map(({ userId, gaps }) => [userId, gaps])).toEqual([]);
  }, 120_000);
});

/** Whether a page has exactly what was published, each once and in order. */
function isSame(published: readonly string[], texts: readonly string[]): boolean {
  return JSON.stringify(texts) === JSON.stringify(published);
}
