// What a sender, a handler and a new connection get: aborted handlers, exclusions, profiles, frames before the welcome.
import { createWebSocketClient } from "@halyard/client";
import { expect, it } from "vitest";
import WebSocket from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import type { Frame } from "../support/frame.ts";
import { scene } from "../support/rights-scene.ts";
import type { Scene } from "../support/rights-scene.ts";
import { Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

it("a changed name and image reach the rooms, too [s-D8]", async () => {
  const { watch, connect } = await scene({ authorize: () => true });
  const [ada, bob] = [await connect("ada"), await connect("bob")];
  await ada.join("hall");
  await bob.join("hall");
  await bob.next({ type: "user_list", room: "hall" });
  watch.change("ada", { name: "Ada Lovelace" });
  const changed = { userId: "ada", name: "Ada Lovelace" };
  const namesIn = (room: string | undefined): Frame[] =>
    bob.all((frame) => frame["room"] === room && JSON.stringify(frame["users"] ?? []).includes(changed.name));
  await until("the list of everyone", () => namesIn(undefined).length > 0);
  const startedAt = performance.now();
  await until("the room", () => namesIn("hall").length > 0 || performance.now() - startedAt > 1_000);
  expect(namesIn("hall")).toMatchObject([{ type: "user_joined", users: [changed] }]);
});

it("a handler of a request is aborted by a ban and by a sign-out, and its answer is dropped [s-S2]", async () => {
  for (const code of [4401, 4403] as const) {
    const { manager, handlers, connect } = await scene({});
    const signals: AbortSignal[] = [];
    const gate = Promise.withResolvers<undefined>();
    handlers.onRequest("wait", async (_input, { signal }) => {
      signals.push(signal);
      await gate.promise;
      return "answer";
    });
    const ada = await connect("ada");
    ada.send({ type: "request", name: "wait", input: { ms: 0, tag: "" }, $: { id: "r" } });
    await until("the handler", () => signals.length === 1);
    await manager.disconnectUser("ada", { code });
    gate.resolve(undefined);
    await ada.end();
    expect(signals[0]?.aborted).toBe(true);
    expect(ada.all({ $: { re: "r" } })).toEqual([]);
  }
});

it.each<[string, (scene: Scene) => unknown]>([
  ["a ban", ({ manager }) => manager.disconnectUser("ada", { code: 4403 })],
  ["a sign-out", ({ manager }) => manager.disconnectUser("ada")],
  [
    "the end of its session",
    ({ watch }) => {
      for (const connection of watch.connections) connection.close(4401);
    },
  ],
])(
  "a handler whose connection was lost is aborted by %s that follows, and its answer is not that of a repeat [s-S2]",
  async (_what, end) => {
    const world = await scene({});
    const signals: AbortSignal[] = [];
    const gate = Promise.withResolvers<undefined>();
    world.handlers.onRequest("wait", async (_input, { signal }) => {
      signals.push(signal);
      await gate.promise;
      return "answer";
    });
    const page = new Page();
    const ada = await world.connect("ada", page);
    const request = { type: "request", name: "wait", input: { ms: 0, tag: "" }, $: { id: "r" } };
    ada.send(request);
    await until("the handler", () => signals.length === 1);
    await ada.cut();
    await until("the server to notice", () => world.manager.getConnectionStats().totalConnections === 0);
    await new Promise((resolve) => setTimeout(resolve, 5)); // a connection of the same millisecond would be banned, too
    await end(world);
    expect(signals[0]?.aborted).toBe(true);
    const again = await world.connect("ada", page);
    again.send(request);
    gate.resolve(undefined);
    expect(await again.next({ $: { re: "r" } })).toMatchObject({ type: "error", code: "unauthenticated" });
    expect(signals).toHaveLength(1);
    await until("nothing to be watched but the new connection", () => world.watch.connections.size === 1);
  },
);

it("what the application sends to a connection in onConnect reaches the client of this package [s-D9]", async () => {
  const { url, manager } = await scene({
    onConnect: ({ ws }) => {
      manager.send(ws, { type: "notice", text: "hello" });
    },
  });
  const client = createWebSocketClient<typeof protocol>({ url: `${url}?user=ada`, WebSocket });
  const texts: string[] = [];
  client.on("notice", (message) => void texts.push(message.text));
  await until("the welcome", () => client.state.status === "open");
  await manager.broadcastMessage({ type: "notice", text: "later" });
  await until("the later message", () => texts.includes("later"));
  expect(texts).toEqual(["hello", "later"]);
  client.close();
});

it("a sender that is left out, and drops while its message is checked, does not get it on resume [s-D3]", async () => {
  const gate = Promise.withResolvers<undefined>();
  const held: string[] = [];
  const {
    handlers,
    manager: node,
    connect,
  } = await scene({
    authorize: () => true,
    echoToSender: false,
    chat: {
      beforePublish: async ({ content }) => {
        held.push(content);
        await gate.promise;
      },
    },
  });
  handlers.on("announce_to_others", async ({ text: message }, { ws }) => {
    held.push(message);
    await gate.promise;
    await node.broadcastMessage({ type: "announcement", message }, ws);
  });
  for (const [type, fields] of [
    ["chat_message", { content: "mine" }],
    ["announce_to_others", { text: "mine" }],
  ] as const) {
    const page = new Page();
    const ada = await connect("ada", page);
    held.length = 0;
    ada.post(type, fields);
    await until("the handler", () => held.length > 0);
    await ada.cut();
    await until("the server to notice", () => node.getConnectionStats().totalConnections === 0);
    gate.resolve(undefined);
    const again = await connect("ada", page);
    await again.sync();
    expect(again.frames.filter((frame) => JSON.stringify(frame).includes("mine"))).toEqual([]);
    await again.cut();
  }
});
