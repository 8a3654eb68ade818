// An `authorize` that takes long, as with a database under load: a client comes back all the same, and no user flickers.
import { createWebSocketSystem } from "@halyard/server";
import type { AuthorizeRequest } from "@halyard/server";
import { createTestClock, createTestNetwork } from "@halyard/testing";
import { expect, it } from "vitest";

/** A network in which `authorize` takes some time for what `isSlow` names, once `begin` was called. */
function createScene(ms: number, isSlow: (request: AuthorizeRequest) => boolean) {
  const clock = createTestClock();
  const asked: string[] = [];
  const denied = new Set<string>();
  let hasBegun = false;
  const system = createWebSocketSystem({
    clock,
    authorize: (request) => {
      const { action, room } = request;
      const isAllowed = !denied.has(room);
      if (!hasBegun || !isSlow(request)) return isAllowed;
      asked.push(`${action} ${room}`);
      return new Promise((resolve) => clock.setTimeout(() => resolve(isAllowed), ms));
    },
  });
  const begin = () => (hasBegun = true);
  return { system, network: createTestNetwork(system, { clock }), asked, denied, begin };
}

const chat = (content: string) => {
  const from = { userId: "server", name: "server", connectedAt: new Date(0).toISOString() };
  return { type: "chat_message", id: content, content, from } as const;
};

it("a client is back while authorize takes 12 s about one room, and the room follows with all that was missed", async () => {
  const { system, network, asked, begin } = createScene(12_000, ({ room }) => room === "slow");
  const ada = await network.connect({ id: "ada" });
  const [slow, fast] = [ada.join("slow"), ada.join("fast")];
  const got: string[] = [];
  const gaps: string[] = [];
  ada.on("chat_message", ({ content }) => got.push(content));
  ada.onGap((channel) => gaps.push(channel));
  await network.settle();

  begin();
  ada.cut();
  await system.manager.sendToRoom("slow", chat("missed in slow"));
  await system.manager.sendToRoom("fast", chat("missed in fast"));
  await network.advance(5_000);
  expect([ada.state.status, fast.state.status, slow.state.status]).toEqual(["open", "joined", "joining"]);
  expect(got).toEqual(["missed in fast"]);
  const receipt = slow.send("chat_message", { content: "sent meanwhile" });
  await network.advance(60_000);
  expect(slow.state.status).toBe("joined");
  expect((await receipt).status).toBe("delivered");
  expect(got).toEqual(["missed in fast", "missed in slow", "sent meanwhile"]);
  expect(gaps).toEqual([]);
  // One question of the hello, whose answer came too late, and those of the join that followed.
  expect(asked.filter((question) => question !== "publish slow")).toEqual([
    "join slow",
    "join slow",
    "history slow",
    "presence slow",
  ]);
});

it("a client is back while authorize takes 12 s about everyone's channel, which goes on without a gap", async () => {
  const { system, network, begin } = createScene(12_000, ({ room }) => room === "all");
  const ada = await network.connect({ id: "ada" });
  const got: string[] = [];
  const gaps: string[] = [];
  ada.on("chat_message", ({ content }) => got.push(content));
  ada.onGap((channel) => gaps.push(channel));

  begin();
  ada.cut();
  await system.manager.broadcastMessage(chat("missed"));
  await network.advance(5_000);
  expect(ada.state.status).toBe("open");
  await system.manager.broadcastMessage(chat("live"));
  await network.advance(60_000);
  expect(got).toEqual(["missed", "live"]);
  expect(gaps).toEqual([]);
});

it("a late no of authorize about everyone's channel gives nothing of it, and a late no about a room ends the room", async () => {
  const { system, network, denied, begin } = createScene(5_000, () => true);
  const ada = await network.connect({ id: "ada" });
  const room = ada.join("room");
  const got: string[] = [];
  const gaps: unknown[] = [];
  ada.on("chat_message", ({ content }) => got.push(content));
  ada.onGap((...gap) => gaps.push(gap));
  await network.settle();

  begin();
  denied.add("all").add("room");
  ada.cut();
  await system.manager.broadcastMessage(chat("secret"));
  await system.manager.sendToRoom("room", chat("secret too"));
  await network.advance(5_000);
  expect(ada.state.status).toBe("open");
  await network.advance(30_000);
  expect(room.state).toMatchObject({ status: "left", error: { code: "forbidden" } });
  expect(got).toEqual([]);
  expect(gaps).toEqual([
    ["all", "forbidden"],
    ["room:room", "forbidden"],
  ]);
});

it("a client in 100 rooms is back in all of them within half a minute, while authorize takes 5 s about each", async () => {
  const { network, begin } = createScene(5_000, ({ room }) => room !== "all");
  const ada = await network.connect({ id: "ada" });
  const rooms = Array.from({ length: 100 }, (_, number) => ada.join(`room ${String(number)}`));
  await network.advance(10_000);
  const joined = () => rooms.filter(({ state }) => state.status === "joined").length;
  expect(joined()).toBe(100);

  begin();
  ada.cut();
  await network.advance(4_000);
  expect([ada.state.status, joined()]).toEqual(["open", 0]);
  await network.advance(26_000);
  expect(joined()).toBe(100);
});

it("no user leaves and joins for the others where authorize takes 150 ms about each of 50 rooms", async () => {
  const isSlow = ({ user }: AuthorizeRequest) => user.id === "ada";
  const { network, begin } = createScene(150, isSlow);
  const [ada, bob] = [await network.connect({ id: "ada" }), await network.connect({ id: "bob" })];
  const events: string[] = [];
  bob.onAny(({ type }, { room }) => events.push(`${type} ${String(room)}`));
  const rooms = Array.from({ length: 50 }, (_, number) => {
    ada.join(`room ${String(number)}`);
    return bob.join(`room ${String(number)}`);
  });
  await network.advance(10_000);
  expect(new Set(rooms.map(({ users }) => users.length))).toEqual(new Set([2]));

  events.length = 0;
  begin();
  ada.cut();
  await network.advance(30_000);
  expect(events).toEqual([]);
  expect(new Set(rooms.map(({ users }) => users.length))).toEqual(new Set([2]));
});
