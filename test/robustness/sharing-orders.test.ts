// Tabs that share a connection, with what they and the server do in an order that is rare on a fast machine.
import { expect, it } from "vitest";
import { DEFAULT_SEND_LIMITS } from "../../packages/client/src/connection/send-limits.ts";
import { FakePage, reply, welcome } from "../../packages/client/test/harness.ts";
import { channelsOf, createFrameScene, isAda } from "../support/sharing-frames.ts";

/** Two tabs, of which the first leads. */
async function openTwo() {
  const scene = createFrameScene();
  const tabs = [scene.open(), scene.open()] as const;
  await scene.tick();
  await scene.tick();
  const socket = await scene.welcome();
  expect(tabs.map(({ client }) => client.state.status)).toEqual(["open", "open"]);
  return { scene, tabs, socket };
}

it.each([
  ["in the order of the questions", (answers: (() => void)[]) => answers],
  ["in the other order", (answers: (() => void)[]) => [...answers].reverse()],
])(
  "a tab that connects anew while the question for its user is under way leads the tabs, where the answers come %s",
  async (_, order) => {
    const scene = createFrameScene();
    const answers: (() => void)[] = [];
    const first = scene.open({
      fetch: () => new Promise((resolve) => answers.push(() => resolve(isAda()))),
    });
    await scene.tick();
    first.client.reconnect();
    await scene.tick();
    expect(answers).toHaveLength(2);
    for (const answer of order(answers)) answer();
    await scene.tick();
    await scene.welcome();
    const second = scene.open();
    await scene.tick();
    expect([first.states, second.states]).toEqual([["connecting", "open"], ["open"]]);
    expect(scene.sockets).toHaveLength(1);
    first.client.close();
    await scene.tick();
    await scene.welcome();
    expect(second.client.state.status).toBe("open");
  },
);

it("the connection leaves a room whose tab has closed between the hello and the welcome, and stays in one of another tab", async () => {
  const scene = createFrameScene();
  const [first, second] = [scene.open(), scene.open()];
  first.client.join("red");
  for (const room of ["blue", "red"]) second.client.join(room);
  await scene.tick();
  await scene.tick();
  const socket = await scene.hello();
  expect(socket.sent("hello")).toMatchObject([{ rooms: ["red", "blue"] }]);
  second.client.close();
  await scene.tick();
  socket.receive(welcome({ sharing: true, channels: channelsOf("room:red", "room:blue") }));
  await scene.tick();
  expect(socket.sent("leave")).toEqual([{ type: "leave", room: "blue" }]);
  for (const ch of ["room:red", "room:blue"]) socket.receive({ type: "chat_message", $: { ch, off: 11 } });
  await scene.tick();
  expect(first.heard).toEqual(["red chat_message"]);
});

it.each([
  ["closes its client", (_page: FakePage, close: () => void) => close()],
  ["is hidden", (page: FakePage) => page.fire("pagehide")],
])(
  "what the tab that leads sends before it %s reaches the server, as from a tab of its own",
  async (_, end) => {
    const scene = createFrameScene();
    const page = new FakePage();
    const { client } = scene.open({ page });
    await scene.tick();
    const socket = await scene.welcome();
    void client.send("chat_message", { content: "good-bye" });
    end(page, () => client.close());
    expect(socket.sent("chat_message")).toMatchObject([{ content: "good-bye" }]);
    expect(socket.closed).toEqual({
      code: client.state.status === "closed" ? 1000 : 3001,
      reason: undefined,
    });
  },
);

it("what a tab sends goes out within a second while tabs send more ephemeral messages than the server takes", async () => {
  const { scene, tabs, socket } = await openTwo();
  const move = async (seconds: number): Promise<void> => {
    for (let n = 0; n < seconds * 100; n++) {
      for (const { client } of tabs) client.send("cursor_moved", { x: n });
      await scene.tick(10);
    }
  };
  await move(10);
  void tabs[1].client.send("chat_message", { content: "hi" });
  await move(1);
  expect(socket.sent("chat_message")).toMatchObject([{ content: "hi" }]);
  const { messagesPerSecond } = DEFAULT_SEND_LIMITS;
  expect(socket.sent("cursor_moved").length).toBeGreaterThan(10 * messagesPerSecond - 10);
  expect(socket.sent("cursor_moved").length).toBeLessThanOrEqual(12 * messagesPerSecond);
});

it("tabs together send no more bytes than the server takes of one client, whatever the characters", async () => {
  const { scene, tabs, socket } = await openTwo();
  const text = "語".repeat(20_000);
  for (let n = 0; n < 12; n++)
    for (const { client } of tabs) client.request("history", { room: text }).catch(() => undefined);
  await scene.tick(2_000);
  const bytes = socket.sent("request").length * 3 * text.length;
  expect(bytes).toBeGreaterThan(2 * DEFAULT_SEND_LIMITS.bytesPerSecond);
  expect(bytes).toBeLessThanOrEqual(3 * DEFAULT_SEND_LIMITS.bytesPerSecond);
});

it("tabs that are slow to say hello are welcome without one that hangs, also where none has said it in time", async () => {
  const { scene, tabs } = await openTwo();
  let isSlow = false;
  // The next leader asks for its user for as long as the test runs, and has no hello of its own.
  scene.open({ ticket: () => "t", fetch: () => (isSlow ? new Promise(() => {}) : Promise.resolve(isAda())) });
  await scene.tick();
  tabs[1].client.reconnect();
  await scene.tick();
  const last = scene.open();
  await scene.tick();
  isSlow = true;
  tabs[0].client.close();
  await scene.tick();
  for (const { tab } of [tabs[1], last]) tab.hang();
  const socket = await scene.hello();
  expect(socket.sent("hello")).toEqual([]);
  tabs[1].tab.wake();
  await scene.tick(210);
  expect(socket.sent("hello")).toHaveLength(1);
});

it("a message that is sent after the server has forgotten earlier ones is sent again, and not unknown, when its tab comes back to the connection", async () => {
  const { scene, tabs, socket } = await openTwo();
  socket.drop(4012, "retryAfterMs=0");
  await scene.tick();
  const next = await scene.welcome({ forgotten: true });
  const receipts: string[] = [];
  void tabs[1].client.send("chat_message", { content: "hi" }).then(({ status }) => receipts.push(status));
  await scene.tick();
  tabs[1].client.reconnect();
  await scene.tick();
  expect(tabs[1].client.state.status).toBe("open");
  const [first, second] = next.sent("chat_message");
  expect(first).toBeDefined();
  expect([second, receipts]).toEqual([first, []]);
  next.receive(reply(first, { ch: "all", off: 11 }));
  await scene.tick();
  expect(receipts).toEqual(["delivered"]);
});

it("a tab that comes back to a room which the connection has left meanwhile resumes it on a connection of its own", async () => {
  const { scene, tabs, socket } = await openTwo();
  tabs[1].client.join("blue");
  await scene.tick();
  socket.receive(reply(socket.sent("join")[0], { ch: "room:blue", epoch: "e1", off: 5 }));
  await scene.tick();
  tabs[1].client.reconnect();
  await scene.tick();
  await scene.tick();
  expect(socket.sent("join")).toHaveLength(1);
  expect(scene.sockets).toHaveLength(2);
  const own = await scene.hello();
  expect(own.sent("hello")).toMatchObject([{ rooms: ["blue"] }]);
  expect(own.sent("hello")[0]?.["positions"]).toContainEqual({
    ch: "room:blue",
    epoch: "e1",
    off: 5,
    since: 5,
  });
  expect(tabs[0].client.state.status).toBe("open");
});
