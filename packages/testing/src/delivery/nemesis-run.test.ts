import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { expect, it } from "vitest";
import { createNemesis } from "../nemesis/nemesis.ts";
import { createFaultProxy, proxyFaults } from "../node.ts";
import { createDeliveryChecker } from "./delivery-checker.ts";
import { createDeliveryRecorder } from "./delivery-recorder.ts";

const STRIKES = 60;
const NAMES = ["ada", "bob", "eve", "kim", "lee", "mia"];

async function serve() {
  const { manager } = createWebSocketSystem({
    authenticate: ({ url }) => ({ user: { id: new URLSearchParams(url.split("?")[1]).get("u") ?? "" } }),
    authorize: () => true,
    limits: { chatPerSecond: 1_000, chatBurst: 1_000, joinsPerSecond: 1_000, joinBurst: 1_000 },
  });
  const server = createServer();
  attachWebSocketServer(server, { manager });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    await manager.close();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** Resolves when the client has got so many messages with this content. */
function hears(client: WebSocketClient, content: string, count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    client.on("chat_message", (message) => message.content === content && --left === 0 && resolve());
  });
}

it("finds no fault with a server and clients that a nemesis has struck", { timeout: 60_000 }, async () => {
  const server = await serve();
  const proxy = await createFaultProxy({ target: { port: server.port }, seed: 7 });
  const checker = createDeliveryChecker();
  const people = NAMES.map((name) => {
    const recorder = createDeliveryRecorder({ client: name, write: (event) => checker.add(event) });
    const client = createWebSocketClient({
      url: `ws://127.0.0.1:${proxy.port}/ws?u=${name}`,
      WebSocket: recorder.WebSocket,
      backoff: { minMs: 5, baseMs: 20, maxMs: 100 },
      connectTimeoutMs: 500,
    });
    return { client, recorder, room: client.join("general") };
  });

  const struck = new Promise<void>((resolve) => {
    // Whoever is half open finds out by silence, and that takes longer than a test should.
    const { halfOpen: _, ...faults } = proxyFaults(proxy);
    const brief = Object.entries(faults).map(([name, fault]) => [name, { ...fault, lastsMs: [10, 150] }]);
    const nemesis = createNemesis({
      seed: 7,
      everyMs: [5, 60],
      faults: Object.fromEntries(brief) as typeof faults,
      onEntry: ({ strike }) => {
        const { room, recorder } = people[strike % people.length] ?? {};
        if (room) recorder?.track(room.send("chat_message", { content: "still here" }), { room: "general" });
        if (strike === STRIKES) void nemesis.stop().then(resolve);
      },
    });
    nemesis.start();
  });
  await struck;

  const rest = Promise.all(people.map(({ client }) => hears(client, "over", people.length)));
  for (const { room, recorder } of people) {
    const sending = room.send("chat_message", { content: "over" });
    recorder.track(sending, { room: "general" });
    expect(await sending).toMatchObject({ status: "delivered" });
  }
  await rest;
  const { violations, counts } = checker.finish();
  expect(violations).toEqual([]);
  expect(counts.received).toBeGreaterThan(STRIKES * people.length * 0.9);

  for (const { client } of people) client.close();
  await proxy.close();
  await server.close();
});
