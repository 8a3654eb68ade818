// What the history of one node takes of its memory, and whose messages are given up first.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { channelsOf } from "../support/frame.ts";
import type { Frame, Position } from "../support/frame.ts";
import { MemoryNode } from "../support/memory-node.ts";

const MIB = 1024 * 1024;
const KIB = 1024;
const small = { historyTotalBytes: 4 * MIB } as object;
const positionOf = (welcome: Frame, ch: string): Position => {
  const { epoch, off } = channelsOf(welcome)[ch] as Position;
  return { epoch, off };
};

describe("the history of a node", () => {
  it("of one user takes at most an eighth of its budget, in as many rooms as there are [s-A1]", async () => {
    const node = new MemoryNode({ limits: small });
    for (let n = 0; n < 800; n++) await node.chat("eve", `r${String(n % 80)}`, "x".repeat(16 * KIB));
    expect(node.history.bytes).toBeLessThanOrEqual((4 * MIB) / 8);
    expect(node.history.evicted).toBeGreaterThan(700);
    await node.manager.close();
  });

  it("of many users takes no more than its budget [s-A1]", async () => {
    const node = new MemoryNode({ limits: small });
    for (let n = 0; n < 1_600; n++)
      await node.chat(`u${String(n % 40)}`, `r${String(n % 90)}`, "€".repeat(4 * KIB));
    expect(node.history.bytes).toBeLessThanOrEqual(4 * MIB);
    expect(node.history.bytes).toBeGreaterThan(3 * MIB);
    await node.manager.close();
  });

  it("keeps what a quiet user wrote while heavy users give up, in a shared room too, and answers trimmed for what is gone [s-A1]", async () => {
    const node = new MemoryNode({ limits: { ...small, chatPerSecond: 1e6 } });
    const rooms = ["quiet", "lobby", "loud0"];
    const { socket, welcome } = await node.connect("bea", {}, rooms);
    await node.drop(socket);
    await node.chat("ada", "quiet", "keep me");
    await node.chat("ada", "lobby", "keep me, too");
    await node.chat("eve0", "lobby", "a word of a heavy user");
    for (let n = 0; n < 1_200; n++)
      await node.chat(`eve${String(n % 12)}`, `loud${String(n % 120)}`, "x".repeat(16 * KIB));
    const positions = Object.fromEntries(
      rooms.map((room) => [`room:${room}`, positionOf(welcome, `room:${room}`)]),
    );
    const resumed = await node.connect("bea", positions);
    const states = channelsOf(resumed.welcome);
    expect([states["room:quiet"]?.recovered, states["room:lobby"]?.recovered]).toEqual([true, true]);
    expect(states["room:loud0"]?.recovered).toBe("trimmed");
    expect(resumed.frames).toContainEqual(
      expect.objectContaining({ type: "gap", ch: "room:loud0", reason: "trimmed" }),
    );
    expect(node.history.bytes).toBeLessThanOrEqual(4 * MIB);
    await node.manager.close();
  });

  it("gives up the oldest messages of the channels that no client reads before those that are read [s-A1]", async () => {
    const node = new MemoryNode({ limits: small });
    const notice = { type: "announcement", message: "x".repeat(16 * KIB) } as const;
    const { socket, welcome } = await node.connect("bea", {}, ["read", "unread"]);
    await node.drop(socket);
    await node.clock.advance(20_000);
    for (const room of ["unread", "read"]) await node.manager.sendToRoom(room, notice);
    const at = (room: string): Record<string, Position> => ({
      [`room:${room}`]: positionOf(welcome, `room:${room}`),
    });
    for (let n = 0; n < 400; n++) {
      await node.clock.advance(100);
      await node.manager.sendToRoom(`filler${String(n % 6)}`, notice);
      if (n % 50 > 0) continue;
      const reader = await node.connect("bea", at("read"));
      expect(channelsOf(reader.welcome)["room:read"]?.recovered).toBe(true);
      await node.drop(reader.socket);
      await node.clock.advance(11_000);
    }
    const late = await node.connect("bea", { ...at("read"), ...at("unread") });
    expect(channelsOf(late.welcome)["room:unread"]?.recovered).toBe("trimmed");
    expect(channelsOf(late.welcome)["room:read"]?.recovered).toBe(true);
    expect(node.history.bytes).toBeLessThanOrEqual(4 * MIB);
    await node.manager.close();
  });

  it("that no client reads ends with its age, without another publish, also in a channel that is subscribed to [s-A1]", async () => {
    const node = new MemoryNode({ limits: { historyMs: 60_000 } });
    await node.connect("bea", {}, ["busy"]);
    const empty = node.history.bytes;
    for (let n = 0; n < 10; n++) await node.chat("eve", "busy", "x".repeat(64 * KIB));
    for (let n = 0; n < 10; n++) await node.chat("eve", `r${String(n)}`, "x".repeat(64 * KIB));
    expect(node.history.bytes).toBeGreaterThan(MIB);
    await node.clock.advance(75_000);
    expect(node.history.bytes).toBeLessThan(empty + 8 * KIB);
    await node.manager.close();
  });

  it("is counted within 10 % of what a heap snapshot shows, in messages and channels of every shape [s-A1]", async () => {
    const program = join(import.meta.dirname, "../fixtures/history-memory.ts");
    const { stdout } = await promisify(execFile)(binaryOf("node"), ["--expose-gc", program]);
    const shapes = stdout.trim().split("\n");
    expect(shapes).toHaveLength(2);
    for (const line of shapes) {
      const { counted, measured } = JSON.parse(line) as Record<string, number>;
      expect(Number(counted) / Number(measured), line).toBeGreaterThan(0.9);
      expect(Number(counted) / Number(measured), line).toBeLessThan(1.1);
    }
  }, 60_000);
});
