import { readFile } from "node:fs/promises";
import { defineProtocol, message } from "@halyard/protocol";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createWebSocketClient } from "@halyard/client";
import type { ConnectionState, WebSocketClient } from "@halyard/client";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { expect, it } from "vitest";
import { z } from "zod";
import {
  createDeliveryChecker,
  createDeliveryRecorder,
  createNemesis,
  createTestClock,
  createTestNetwork,
} from "./index.ts";
import { createFaultProxy, proxyFaults } from "./node.ts";

const protocol = defineProtocol({
  clientMessages: { poll_vote: message(z.object({ option: z.int() })) },
  serverMessages: { poll_result: message(z.object({ votes: z.array(z.int()) })) },
});

it("runs the README's first example", async () => {
  const clock = createTestClock();
  const system = createWebSocketSystem({ protocol, clock, authorize: () => true });
  system.handlers.on("poll_vote", ({ option }, { room = "" }) =>
    system.manager.sendToRoom(room, { type: "poll_result", votes: [option] }),
  );

  const network = createTestNetwork(system, { clock });
  const ada = await network.connect({ id: "ada" });
  const room = ada.join("polls");
  room.send("poll_vote", { option: 1 });
  expect(await ada.next("poll_result")).toEqual({ type: "poll_result", votes: [1] });
  ada.cut();
  await network.advance(500);
  expect(room.state.status).toBe("joined");
});

function until(client: WebSocketClient, status: ConnectionState["status"]): Promise<void> {
  return new Promise((resolve) => {
    const look = () => client.state.status === status && (off(), resolve());
    const off = client.onStateChange(look);
    look();
  });
}

async function serve() {
  const { manager } = createWebSocketSystem({ authenticate: () => ({ user: { id: "ada" } }) });
  const server = createServer();
  attachWebSocketServer(server, { manager });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = async () => {
    await manager.close();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

it("runs the README's example of a proxy", async () => {
  const { port, close } = await serve();

  const proxy = await createFaultProxy({ target: { port } });
  const client = createWebSocketClient({ url: `ws://127.0.0.1:${proxy.port}/ws` });
  await until(client, "open");
  for (const connection of proxy.connections) connection.cut();
  await until(client, "waiting");
  await until(client, "open");

  client.close();
  await proxy.close();
  await close();
});

it("runs the README's example of a nemesis", async () => {
  const { port, close } = await serve();
  const proxy = await createFaultProxy({ target: { port } });
  const url = `ws://127.0.0.1:${proxy.port}/ws`;

  const checker = createDeliveryChecker();
  const recorder = createDeliveryRecorder({ client: "ada", write: (event) => checker.add(event) });
  const ada = createWebSocketClient({ url, WebSocket: recorder.WebSocket });
  const { cut, delay } = proxyFaults(proxy);
  const nemesis = createNemesis({ seed: 7, faults: { cut, delay }, everyMs: [20, 200] });
  nemesis.start();
  const heard = new Promise((resolve) => ada.on("chat_message", resolve));
  recorder.track(ada.send("chat_message", { content: "hello" }));
  await heard;
  await nemesis.stop();
  expect(checker.finish().violations).toEqual([]);

  ada.close();
  await proxy.close();
  await close();
});

it("runs the examples as they stand there", async () => {
  const [readme, source] = await Promise.all(
    ["../README.md", "./readme.test.ts"].map((path) => readFile(new URL(path, import.meta.url), "utf8")),
  );
  const examples = [...(readme ?? "").matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) expect(source).toContain(example.replace(/^(?=.)/gm, "  "));
});
