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

/** Resolves when the client has received so many messages with this content. */
function receives(client: WebSocketClient, content: string, count: number): Promise<void> {
  let left = count;
  return new Promise((resolve) => {
    client.on("chat_message", (message) => message.content === content && --left === 0 && resolve());
  });
}

it(
  "the checker finds no violation in a run of server and clients under 60 strikes of a nemesis",
  { timeout: 60_000 },
  async () => {
    const server = await serve();
    const proxy = await createFaultProxy({ target: { port: server.port }, seed: 7 });
    const checker = createDeliveryChecker();
    const users = NAMES.map((name) => {
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
      // A half-open client notices only by a missed heartbeat, which takes too long for this test.
      const { halfOpen: _, ...faults } = proxyFaults(proxy);
      const short = Object.entries(faults).map(([name, fault]) => [name, { ...fault, lastsMs: [10, 150] }]);
      const nemesis = createNemesis({
        seed: 7,
        everyMs: [5, 60],
        faults: Object.fromEntries(short) as typeof faults,
        onEntry: ({ strike }) => {
          const { room, recorder } = users[strike % users.length] ?? {};
          if (room)
            recorder?.track(room.send("chat_message", { content: "still here" }), { room: "general" });
          if (strike === STRIKES) void nemesis.stop().then(resolve);
        },
      });
      nemesis.start();
    });
    await struck;
    // A client that could not connect so far gets nothing that was sent before its first join.
    await Promise.all(users.map(({ room }) => room.ready));

    const received = Promise.all(users.map(({ client }) => receives(client, "over", users.length)));
    for (const { room, recorder } of users) {
      const sending = room.send("chat_message", { content: "over" });
      recorder.track(sending, { room: "general" });
      expect(await sending).toMatchObject({ status: "delivered" });
    }
    await received;
    const { violations, counts } = checker.finish();
    expect(violations).toEqual([]);
    expect(counts.received).toBeGreaterThan(STRIKES * users.length * 0.9);

    for (const { client } of users) client.close();
    await proxy.close();
    await server.close();
  },
);
