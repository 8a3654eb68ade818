import { createFaultProxy } from "@halyard/testing/node";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { ORIGIN } from "../support/test-app.ts";
import { until } from "../support/wait.ts";
import { besiege } from "./support/attacked-app.ts";
import type { Siege } from "./support/attacked-app.ts";

const MIB = 1024 * 1024;

async function memoryOf(siege: Siege): Promise<{ readonly heap: number; readonly rss: number }> {
  return (await siege.command("memory")) as { readonly heap: number; readonly rss: number };
}

besiege("E: slow readers", { limits: { stalledMs: 2_000 } }, (siege) => {
  it("E1: a client that stops reading is closed, and its buffered memory is released", async () => {
    const sloth = siege.user("sloth");
    const slow = await siege.plain(sloth);
    const before = await memoryOf(siege);
    slow.pause();
    await siege.command("tell", { count: 1_200, padding: 10_000, userId: sloth, everyMs: 0 });
    await until("the end of it", async () => (await siege.journal("disconnect", sloth)).length === 1, 15_000);
    slow.resume();
    expect([4008, 1006]).toContain((await slow.end()).code);
    expect((await siege.events("limit")).at(-1)).toMatchObject({ reason: "maxBufferedBytes", userId: sloth });
    expect((await memoryOf(siege)).heap - before.heap).toBeLessThan(8 * MIB);
  });

  it("E2: thirty slow readers use no more memory than the limit allows each", async () => {
    const sloths = await Promise.all(
      Array.from({ length: 30 }, async () => siege.plain(siege.user("sloth"))),
    );
    const before = await memoryOf(siege);
    for (const sloth of sloths) sloth.pause();
    await siege.command("tell", { count: 1_200, padding: 10_000, everyMs: 0 });
    await until("all of them to be gone", async () => (await siege.stats()).totalConnections === 1, 20_000);
    expect((await memoryOf(siege)).rss - before.rss).toBeLessThan(30 * 2 * MIB + 64 * MIB);
    for (const sloth of sloths) sloth.resume();
  });
});

const HEARTBEAT = { heartbeatMs: 500, silenceMs: 999 };
/** The silence, the ping that finds it, and what a busy machine takes. */
const FOUND_MS = HEARTBEAT.silenceMs + HEARTBEAT.heartbeatMs + 500;

besiege("E: half-open peers", { limits: HEARTBEAT }, (siege) => {
  it("E3: a silent peer is closed within silenceMs and heartbeatMs", async () => {
    const openedAt = performance.now();
    const client = await siege.open(siege.user("ghost"), { autoPong: false });
    expect([4000, 1006]).toContain((await client.end()).code);
    const foundAfterMs = performance.now() - openedAt;
    expect(foundAfterMs).toBeGreaterThan(900);
    expect(foundAfterMs).toBeLessThan(FOUND_MS);
  });

  it("E3: a peer whose network fails without a close is detected within silenceMs and heartbeatMs", async () => {
    const proxy = await createFaultProxy({ target: { port: siege.port } });
    const ghost = siege.user("ghost");
    const url = `ws://127.0.0.1:${String(proxy.port)}/ws`;
    const headers = { cookie: `session=${ghost}`, origin: ORIGIN };
    await new RawClient({ url, headers }).open();
    const gone = async () => (await siege.journal("disconnect", ghost)).length === 1;
    // For longer than the silence may be, its answers keep it alive.
    await pause(2 * HEARTBEAT.silenceMs);
    expect(await gone()).toBe(false);
    for (const connection of proxy.connections) connection.halfOpen("client");
    await until("the server to notice", gone, FOUND_MS);
    await proxy.close();
  });
});

besiege("E: repeated connects", {}, (siege) => {
  it("E4: repeated connects, failed upgrades and kills leave nothing behind", async () => {
    const comeAndGo = async (n: number): Promise<void> => {
      const userId = `passer-by-${String(n % 50)}`;
      if (n % 3 === 0) {
        const url = siege.url;
        await new RawClient({ url, headers: { origin: ORIGIN } }).open().catch(() => undefined);
        return;
      }
      const client = await siege.open(userId);
      if (n % 3 === 1) return client.close();
      client.send({ type: "join", room: `hall-${String(n % 20)}` });
      return client.cut();
    };
    const many = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 10)
        await Promise.all(Array.from({ length: 10 }, async (_, m) => comeAndGo(n + m)));
      await until("all of them to be gone", async () => (await siege.stats()).totalConnections === 1);
    };
    await many(300);
    const before = await memoryOf(siege);
    await many(900);
    expect((await memoryOf(siege)).heap - before.heap).toBeLessThan(5 * MIB);
  });
});
