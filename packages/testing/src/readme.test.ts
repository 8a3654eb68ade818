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
  createSharedBackplane,
  createTestClock,
  createTestNetwork,
} from "./index.ts";
import { createFaultProxy, proxyFaults } from "./node.ts";

const protocol = defineProtocol({
  clientMessages: { poll_vote: message(z.object({ option: z.int() })) },
  serverMessages: { poll_result: message(z.object({ votes: z.array(z.int()) })) },
});

it("sends the result of a vote to the room, and the client rejoins after a disconnect", async () => {
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

it("delivers a message to the users of another node, also one that was cut off meanwhile", async () => {
  const clock = createTestClock();
  const shared = createSharedBackplane({ clock });
  const networkOf = (nodeId: string) =>
    createTestNetwork(createWebSocketSystem({ clock, backplane: shared.node(nodeId) }), { clock });
  const [ada, bea] = [
    await networkOf("a").connect({ id: "ada" }),
    await networkOf("b").connect({ id: "bea" }),
  ];

  shared.partition("b");
  ada.send("chat_message", { content: "hello" });
  await clock.advance(1_000);
  shared.heal();
  await clock.advance(5_000);
  expect(await bea.next("chat_message")).toMatchObject({ content: "hello" });
});

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

it("runs the example of a proxy in the README", async () => {
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

function until(client: WebSocketClient, status: ConnectionState["status"]): Promise<void> {
  return new Promise((resolve) => {
    const check = () => client.state.status === status && (off(), resolve());
    const off = client.onStateChange(check);
    check();
  });
}

it("runs the example of a nemesis in the README", async () => {
  const { port, close } = await serve();
  const proxy = await createFaultProxy({ target: { port } });
  const url = `ws://127.0.0.1:${proxy.port}/ws`;

  const checker = createDeliveryChecker();
  const recorder = createDeliveryRecorder({ client: "ada", write: (event) => checker.add(event) });
  const ada = createWebSocketClient({ url, WebSocket: recorder.WebSocket });
  const { cut, delay } = proxyFaults(proxy);
  const nemesis = createNemesis({ seed: 7, faults: { cut, delay }, everyMs: [20, 200] });
  nemesis.start();
  const received = new Promise((resolve) => ada.on("chat_message", resolve));
  recorder.track(ada.send("chat_message", { content: "hello" }));
  await received;
  await nemesis.stop();
  expect(checker.finish().violations).toEqual([]);

  ada.close();
  await proxy.close();
  await close();
});

it("finds each example of the README in this file: its imports, and its lines in their order", async () => {
  const [readme, source] = await Promise.all(
    ["../README.md", "./readme.test.ts"].map((path) => readFile(new URL(path, import.meta.url), "utf8")),
  );
  const examples = [...(readme ?? "").matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code);
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) {
    const lines = example.split("\n");
    for (const line of lines.filter((each) => each.startsWith("import ")))
      expect(importsOf(source ?? "")).toEqual(expect.arrayContaining(importsOf(line)));
    const blocks = lines
      .filter((line) => !line.startsWith("import ") && !line.endsWith("// yours"))
      .join("\n")
      .trim()
      .split("\n\n");
    const positions = blocks.map((block) => unindented(source ?? "").indexOf(unindented(block)));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  }
});

/** `name from module` for each imported name; this file imports the package by its sources. */
function importsOf(source: string): string[] {
  return [...source.matchAll(/^import (?:type )?\{([^}]+)\} from "([^"]+)";/gm)].flatMap(
    ([, names = "", module = ""]) =>
      (names.match(/\w+/g) ?? [])
        .filter((name) => name !== "type")
        .map((name) => `${name} from ${SOURCES[module] ?? module}`),
  );
}

const SOURCES: Readonly<Record<string, string>> = {
  "@halyard/testing": "./index.ts",
  "@halyard/testing/node": "./node.ts",
};

const unindented = (code: string): string => code.replaceAll(/^ +/gm, "");
