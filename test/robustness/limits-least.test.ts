// Every limit of the server at the least value that it may have: a client works as far as the limit lets it, and a lower value is refused.
import { defineProtocol, request } from "@halyard/protocol";
import { createWebSocketSystem, DEFAULT_LIMITS } from "@halyard/server";
import type { ServerLimits } from "@halyard/server";
import { createTestClock, createTestNetwork } from "@halyard/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const protocol = defineProtocol({ requests: { echo: request({ input: z.string(), output: z.string() }) } });

/** The limits that have a least value above 0. */
const LEAST: Partial<ServerLimits> = {
  messageBytes: 100,
  waitingSends: 1,
  userWaitingSends: 1,
  runningRequests: 1,
  handshakes: 1,
  handshakesPerAddress: 1,
  subprotocols: 2,
  helloMs: 10,
  handshakeMs: 10,
  sheddingLagMs: 10,
  pingsPerSecond: 1,
  presenceStateIntervalMs: 50,
};

/** Rates and bursts may be as low as one likes: everything only takes longer. */
const isRate = (name: string): boolean => /(PerSecond|Burst)$/.test(name);
const counts = (Object.keys(DEFAULT_LIMITS) as (keyof ServerLimits)[]).filter(
  (name) => !isRate(name) || name in LEAST,
);
/** The least values that follow from other limits. */
const FOLLOWING: Partial<ServerLimits> = { heartbeatMs: 2_000, silenceMs: DEFAULT_LIMITS.heartbeatMs + 1 };
const HIGH: Partial<ServerLimits> = { chatPerSecond: 1e6, chatBurst: 1e6 };

/** Connects, joins, sends more at once than may wait, asks, is cut off, and sends again. */
async function useWithClient(limits: Partial<ServerLimits>): Promise<void> {
  const clock = createTestClock();
  const system = createWebSocketSystem({ protocol, clock, authorize: async () => true, limits });
  system.handlers.onRequest("echo", (text) => text);
  const network = createTestNetwork(system, { clock });
  const ada = await network.connect({ id: "ada" });
  const room = ada.join("hall");
  const sending = Array.from({ length: 33 }, () => ada.send("chat_message", { content: "hi" }));
  const asking = ada.request("echo", "x");
  await network.advance(2_000);
  const expected = limits.rooms === 0 ? "left" : "joined";
  expect(room.state.status).toBe(expected);
  expect((await Promise.all(sending)).map(({ status }) => status)).toEqual(sending.map(() => "delivered"));
  expect(await asking).toBe("x");
  ada.cut();
  const again = ada.send("chat_message", { content: "again" });
  await network.advance(2_000);
  expect([(await again).status, room.state.status, ada.state.status]).toEqual([
    "delivered",
    expected,
    "open",
  ]);
  await network.close();
  await system.manager.close();
}

describe("at the least value that it may have,", () => {
  it.each(counts)("%s works with the client [s-D10]", async (name) => {
    await useWithClient({ ...HIGH, [name]: LEAST[name] ?? FOLLOWING[name] ?? 0 });
  });

  it.each(Object.entries(LEAST))("%s is refused below %d, with the bound [s-D10]", (name, least) => {
    const make = (): unknown => createWebSocketSystem({ limits: { [name]: least - 0.5 } });
    expect(make).toThrow(
      `limits.${name} is ${String(least - 0.5)}: it must be a number, at least ${String(least)}`,
    );
  });
});
