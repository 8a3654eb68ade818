// A program that replaces `Promise`, as zone.js of Angular does: `async` functions go on to return the promises of the engine.
import { defineProtocol, message, request } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { createTestClock, createTestNetwork } from "@halyard/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";

const protocol = defineProtocol({
  clientMessages: { vote: message(z.object({ n: z.int() }), { room: "required", result: z.int() }) },
  requests: { double: request({ input: z.int(), output: z.int() }) },
});

beforeEach(() => vi.stubGlobal("Promise", class extends Promise<unknown> {}));
afterEach(() => vi.unstubAllGlobals());

it("serves clients where the global Promise is not the one of async functions", async () => {
  const clock = createTestClock();
  const later = async <TValue>(value: TValue): Promise<TValue> => {
    await Promise.resolve();
    return value;
  };
  const system = createWebSocketSystem({
    protocol,
    clock,
    authorize: () => later(true),
    onConnect: () => later(undefined),
    chat: { beforePublish: () => later(undefined) },
  });
  system.handlers.use(async (_, next) => later(await next()));
  system.handlers.on("vote", ({ n }) => later(n + 1));
  system.handlers.onRequest("double", (n) => later(2 * n));
  const network = createTestNetwork(system, { clock });
  const [ada, bea] = [await network.connect({ id: "ada" }), await network.connect({ id: "bea" })];
  const [room, other] = [ada.join("hall"), bea.join("hall")];
  const heard: string[] = [];
  other.on("chat_message", ({ content }) => heard.push(content));
  await network.settle();
  expect([room.state.status, other.state.status]).toEqual(["joined", "joined"]);
  expect(await room.send("vote", { n: 1 })).toMatchObject({ status: "delivered", result: 2 });
  expect(await room.send("chat_message", { content: "hello" })).toMatchObject({ status: "delivered" });
  expect(await ada.request("double", 3)).toBe(6);
  await network.settle();
  expect(heard).toEqual(["hello"]);
  await network.close();
});
