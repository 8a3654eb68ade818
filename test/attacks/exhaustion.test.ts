import { createFaultProxy } from "@halyard/testing/node";
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { RawClient } from "../support/raw-client.ts";
import { ORIGIN } from "../support/test-app.ts";
import { until } from "../support/wait.ts";
import { describeAttacks } from "./support/attacked-app.ts";
import type { AttackedApp } from "./support/attacked-app.ts";

const MIB = 1024 * 1024;

async function memoryOf(app: AttackedApp): Promise<{ readonly heap: number; readonly rss: number }> {
  return (await app.command("memory")) as { readonly heap: number; readonly rss: number };
}

describeAttacks("E: slow readers", { limits: { stalledMs: 2_000 } }, (app) => {
  it("E1: a client that stops reading is closed, and its buffered memory is released", async () => {
    const slowReader = app.user("reader");
    const slow = await app.plain(slowReader);
    const before = await memoryOf(app);
    slow.pause();
    await app.command("publish", { count: 1_200, padding: 10_000, userId: slowReader, everyMs: 0 });
    await until(
      "the connection to be closed",
      async () => (await app.journal("disconnect", slowReader)).length === 1,
      15_000,
    );
    slow.resume();
    expect([4008, 1006]).toContain((await slow.end()).code);
    expect((await app.events("limit")).at(-1)).toMatchObject({
      reason: "maxBufferedBytes",
      userId: slowReader,
    });
    expect((await memoryOf(app)).heap - before.heap).toBeLessThan(8 * MIB);
  });

  it("E2: thirty slow readers use no more memory than the limit allows each", async () => {
    const slowReaders = await Promise.all(
      Array.from({ length: 30 }, async () => app.plain(app.user("reader"))),
    );
    const before = await memoryOf(app);
    for (const slowReader of slowReaders) slowReader.pause();
    await app.command("publish", { count: 1_200, padding: 10_000, everyMs: 0 });
    await until(
      "every connection to be closed",
      async () => (await app.stats()).totalConnections === 1,
      20_000,
    );
    expect((await memoryOf(app)).rss - before.rss).toBeLessThan(30 * 2 * MIB + 64 * MIB);
    for (const slowReader of slowReaders) slowReader.resume();
  });
});

const HEARTBEAT = { heartbeatMs: 500, silenceMs: 999 };
/** The silence, the ping that detects it, and 500 ms for a busy machine. */
const DETECTED_MS = HEARTBEAT.silenceMs + HEARTBEAT.heartbeatMs + 500;

describeAttacks("E: half-open peers", { limits: HEARTBEAT }, (app) => {
  it("E3: a silent peer is closed within silenceMs and heartbeatMs", async () => {
    const openedAt = performance.now();
    const client = await app.open(app.user("peer"), { autoPong: false });
    expect([4000, 1006]).toContain((await client.end()).code);
    const detectedAfterMs = performance.now() - openedAt;
    expect(detectedAfterMs).toBeGreaterThan(900);
    expect(detectedAfterMs).toBeLessThan(DETECTED_MS);
  });

  it("E3: a peer whose network fails without a close is detected within silenceMs and heartbeatMs", async () => {
    const proxy = await createFaultProxy({ target: { port: app.port } });
    const peer = app.user("peer");
    const url = `ws://127.0.0.1:${String(proxy.port)}/ws`;
    const headers = { cookie: `session=${peer}`, origin: ORIGIN };
    await new RawClient({ url, headers }).open();
    const isDisconnected = async () => (await app.journal("disconnect", peer)).length === 1;
    // The peer's pongs keep the connection open for longer than silenceMs.
    await pause(2 * HEARTBEAT.silenceMs);
    expect(await isDisconnected()).toBe(false);
    for (const connection of proxy.connections) connection.halfOpen("client");
    await until("the server to notice", isDisconnected, DETECTED_MS);
    await proxy.close();
  });
});

describeAttacks("E: repeated connects", {}, (app) => {
  it("E4: repeated connects, failed upgrades and kills leave nothing behind", async () => {
    const connectAndClose = async (n: number): Promise<void> => {
      const userId = `visitor-${String(n % 50)}`;
      if (n % 3 === 0) {
        const url = app.url;
        await new RawClient({ url, headers: { origin: ORIGIN } }).open().catch(() => undefined);
        return;
      }
      const client = await app.open(userId);
      if (n % 3 === 1) return client.close();
      client.send({ type: "join", room: `room-${String(n % 20)}` });
      return client.cut();
    };
    const repeat = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 10)
        await Promise.all(Array.from({ length: 10 }, async (_, m) => connectAndClose(n + m)));
      await until("every connection to be closed", async () => (await app.stats()).totalConnections === 1);
    };
    await repeat(300);
    const before = await memoryOf(app);
    await repeat(900);
    expect((await memoryOf(app)).heap - before.heap).toBeLessThan(5 * MIB);
  });
});
