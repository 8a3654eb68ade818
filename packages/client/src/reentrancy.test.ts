import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, reply, welcome } from "../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

type World = ReturnType<typeof createWorld>;

/** Takes a client through a whole life: connect, join, send, lose, wait, come back, be refused. */
async function live(world: World): Promise<void> {
  const respond = () => {
    for (const socket of world.sockets) {
      if (socket.closed) continue;
      if (socket.readyState === 0) socket.accept();
      if (!socket.sent("ping").length) socket.receive(welcome());
      for (const frame of [...socket.sent("join"), ...socket.sent("chat_message")]) {
        socket.receive(reply(frame, { ch: "room:general", epoch: "e1", off: 5 }));
      }
    }
  };
  const room = world.client.join("general");
  void room.send("chat_message", { content: "a" });
  world.client.request("count").catch(() => {});
  for (const code of [1006, 4000, 4401, 4400]) {
    if (world.client.state.status === "authRequired") world.client.authenticate();
    await world.tick(600);
    respond();
    await world.tick(10);
    respond();
    const socket = world.sockets.findLast(({ closed }) => !closed);
    if (socket?.readyState === 1) socket.drop(code);
  }
}

const hooks: [string, (world: World, act: () => void) => void][] = [
  ["connecting", ({ client }, act) => client.onStateChange(({ status }) => status === "connecting" && act())],
  ["open", ({ client }, act) => client.onStateChange(({ status }) => status === "open" && act())],
  ["waiting", ({ client }, act) => client.onStateChange(({ status }) => status === "waiting" && act())],
  [
    "authRequired",
    ({ client }, act) => client.onStateChange(({ status }) => status === "authRequired" && act()),
  ],
  ["closed", ({ client }, act) => client.onStateChange(({ status }) => status === "closed" && act())],
  ["the queue", ({ client }, act) => client.onQueue(() => act())],
  ["a room", ({ client }, act) => client.join("general").onStateChange(() => act())],
];

describe("a listener that acts on what it hears", () => {
  it.each(hooks)("may close the client, when it hears of %s", async (_, hook) => {
    const world = createWorld({ autoConnect: false });
    hook(world, () => world.client.close());
    world.client.connect();
    await live(world);
    world.client.close();
    expect(world.client.state.status).toBe("closed");
    const { length } = world.sockets;
    await world.tick(100_000);
    expect(world.sockets).toHaveLength(length);
    expect(vi.getTimerCount()).toBe(0);
    expect(world.page.count).toBe(0);
    expect(world.errors).toEqual([]);
  });

  it.each(hooks)("may reconnect once, when it hears of %s", async (_, hook) => {
    const world = createWorld({ autoConnect: false });
    let hasActed = false;
    hook(world, () => {
      if (hasActed) return;
      hasActed = true;
      world.client.reconnect();
    });
    world.client.connect();
    await live(world);
    world.client.reconnect();
    await world.tick(10);
    // Only one socket is alive, and it is the last one.
    expect(world.sockets.filter(({ closed, readyState }) => !closed && readyState < 2)).toEqual([
      world.socket,
    ]);
    world.socket.accept();
    world.socket.receive(welcome());
    expect(world.client.state.status).toBe("open");
    hasActed = true;
    world.client.close();
    await world.tick(1_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(world.errors).toEqual([]);
  });

  it("may connect again when it hears that the client is closed", async () => {
    const world = createWorld();
    world.client.onStateChange(({ status }) => status === "closed" && world.client.connect());
    (await world.open()).drop(4400);
    expect(world.client.state.status).toBe("connecting");
    const socket = await world.open();
    expect(world.client.state.status).toBe("open");
    const sending = world.client.send("chat_message", { content: "a" });
    socket.receive(reply(socket.sent("chat_message")[0]));
    expect((await sending).status).toBe("delivered");
  });
});
