import { defineProtocol, HalyardError, message, request } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import type { WebSocketManagerConfig } from "@halyard/server";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createTestClock } from "../clock/test-clock.ts";
import { createTestNetwork } from "./test-network.ts";
import { sleep } from "../clock/event-loop.ts";

const protocol = defineProtocol({
  clientMessages: { poll_vote: message(z.object({ option: z.int() })) },
  serverMessages: { poll_result: message(z.object({ votes: z.array(z.int()) })) },
  requests: { double: request({ input: z.int(), output: z.int() }) },
  serverRequests: { confirm: request({ input: z.string(), output: z.boolean() }) },
});

function start(config: WebSocketManagerConfig<typeof protocol> = {}) {
  const clock = createTestClock();
  const system = createWebSocketSystem({ protocol, clock, authorize: () => true, ...config });
  return { clock, ...system, network: createTestNetwork(system, { clock }) };
}

describe("connect", () => {
  it("returns a client that the server has welcomed", async () => {
    const { network, manager } = start();
    const ada = await network.connect({ id: "ada", name: "Ada" });
    expect(ada.state).toMatchObject({ status: "open", user: { userId: "ada", name: "Ada" } });
    expect(manager.getConnectionStats()).toEqual({ totalUsers: 1, totalConnections: 1 });
  });

  it("connects a second client of a user as another device", async () => {
    const { network, manager } = start();
    await network.connect({ id: "ada" });
    await network.connect({ id: "ada" });
    expect(manager.getConnectionStats()).toEqual({ totalUsers: 1, totalConnections: 2 });
  });

  it("takes manager and handlers of a system whose connections have data, and the user of its authenticate", async () => {
    const clock = createTestClock();
    const { manager, handlers } = createWebSocketSystem({
      protocol,
      clock,
      authenticate: () => ({ user: { id: "ada", role: "admin" } }),
      data: ({ user }) => ({ isAdmin: user.role === "admin" }),
    });
    handlers.onRequest("double", (input, { data }) => (data.isAdmin ? 2 * input : 0));
    const network = createTestNetwork({ manager, handlers }, { clock });
    const ada = await network.connect({ id: "ada", role: "admin" });
    expect(await ada.request("double", 2)).toBe(4);
  });

  it("rejects with the close code when the server rejects a client", async () => {
    const { network } = start({ maxConnectionsPerUser: 1 });
    await network.connect({ id: "ada" });
    await expect(network.connect({ id: "ada" })).rejects.toThrow("did not let ada in: closed with 4011");
  });

  it("rejects when the server never answers", async () => {
    const { network } = start({ onConnect: () => new Promise(() => {}) });
    await expect(network.connect({ id: "ada" })).rejects.toThrow("the server has not answered");
  });

  it("passes the client options of the network to every client", async () => {
    const errors: unknown[] = [];
    const clock = createTestClock();
    const system = createWebSocketSystem({ clock });
    const network = createTestNetwork(system, { clock, client: { onError: (error) => errors.push(error) } });
    const ada = await network.connect({ id: "ada" });
    ada.on("announcement", () => {
      throw new Error("a listener's");
    });
    void system.manager.broadcastMessage({ type: "announcement", message: "hello" });
    await network.settle();
    expect(errors).toEqual([new Error("a listener's")]);
  });
});

describe("next", () => {
  it("returns messages that have come already, the oldest first", async () => {
    const { network } = start();
    const ada = await network.connect({ id: "ada" });
    await ada.send("chat_message", { content: "one" });
    await ada.send("chat_message", { content: "two" });
    expect(await ada.next("chat_message")).toMatchObject({ content: "one" });
    expect(await ada.next("chat_message")).toMatchObject({ content: "two" });
  });

  it("waits for a message that a handler sends later", async () => {
    const { network, handlers, manager } = start();
    handlers.on("poll_vote", async ({ option }, { room = "" }) => {
      await sleep(1);
      return manager.sendToRoom(room, { type: "poll_result", votes: [option] });
    });
    const [ada, bob] = [await network.connect({ id: "ada" }), await network.connect({ id: "bob" })];
    const room = ada.join("polls");
    bob.join("polls");
    await network.settle();
    room.send("poll_vote", { option: 1 });
    expect(await bob.next("poll_result")).toEqual({ type: "poll_result", votes: [1] });
  });

  it("rejects when the network is idle, and lists the messages that came and the errors of the server", async () => {
    const { network } = start();
    const ada = await network.connect({ id: "ada" });
    ada.send("poll_vote", { option: 1 });
    await expect(ada.next("poll_result")).rejects.toThrow(
      /^No poll_result came to ada.* What came: user_list \(1\), error \(1\)\..*refused lately: ada: unknown_type/,
    );
  });

  it("waits for an advance that begins after it", async () => {
    const { network, manager, clock } = start();
    const ada = await network.connect({ id: "ada" });
    clock.setTimeout(() => void manager.broadcastMessage({ type: "announcement", message: "late" }), 60_000);
    const announcement = ada.next("announcement");
    await network.advance(60_000);
    expect(await announcement).toMatchObject({ message: "late" });
  });

  it("gives two calls that wait two different messages", async () => {
    const { network } = start();
    const ada = await network.connect({ id: "ada" });
    const both = Promise.all([ada.next("chat_message"), ada.next("chat_message")]);
    ada.send("chat_message", { content: "one" });
    ada.send("chat_message", { content: "two" });
    expect((await both).map(({ content }) => content)).toEqual(["one", "two"]);
  });
});

describe("cut", () => {
  it("closes the connection with 1006 at the server, and the client reconnects and misses nothing", async () => {
    const codes: number[] = [];
    const { network, manager } = start({ onDisconnect: (_, code) => codes.push(code) });
    const ada = await network.connect({ id: "ada" });
    ada.cut();
    await network.settle();
    expect(codes).toEqual([1006]);
    expect(ada.state.status).toBe("waiting");

    void manager.broadcastMessage({ type: "announcement", message: "missed" });
    await network.advance(500);
    expect(ada.state.status).toBe("open");
    expect(await ada.next("announcement")).toMatchObject({ message: "missed" });
    await expect(ada.next("announcement")).rejects.toThrow("announcement (1)");
  });

  it("loses a send on its way, and the client sends it again", async () => {
    const votes: string[] = [];
    const { network, handlers } = start();
    handlers.on("poll_vote", (_, { messageId }) => votes.push(messageId));
    const ada = await network.connect({ id: "ada" });
    const sending = ada.send("poll_vote", { option: 1 });
    ada.cut();
    await network.advance(500);
    expect(await sending).toMatchObject({ status: "delivered" });
    expect(votes).toEqual([sending.id]);
  });

  it("keeps the user online for the grace period", async () => {
    const { network } = start();
    const ada = await network.connect({ id: "ada" });
    const bob = await network.connect({ id: "bob" });
    await network.advance(1_000);
    bob.cut();
    bob.close();
    await network.advance(4_999);
    expect(ada.users).toHaveLength(2);
    await network.advance(200);
    expect(await ada.next("user_left")).toMatchObject({ userIds: ["bob"] });
  });
});

describe("settle and advance", () => {
  it("wait for a handler that waits for something outside", async () => {
    const { network, handlers } = start();
    handlers.onRequest("double", async (input) => {
      await sleep(20);
      return input * 2;
    });
    const ada = await network.connect({ id: "ada" });
    let reply = 0;
    void ada.request("double", 21).then((result) => (reply = result));
    await network.settle();
    expect(reply).toBe(42);
  });

  it("wait for the answers of clients that wait for something outside", async () => {
    const { network, manager } = start();
    const [ada, bob] = [await network.connect({ id: "ada" }), await network.connect({ id: "bob" })];
    ada.onRequest("confirm", async () => {
      await sleep(20);
      return true;
    });
    bob.onRequest("confirm", async () => {
      await sleep(20);
      throw new HalyardError("conflict");
    });
    const answers = Promise.allSettled([
      manager.request({ userId: "ada" }, "confirm", "Sure?"),
      manager.request({ userId: "bob" }, "confirm", "Sure?"),
    ]);
    let settled: unknown;
    void answers.then((results) => (settled = results));
    await network.settle();
    expect(settled).toMatchObject([{ value: true }, { reason: { code: "conflict" } }]);
  });

  it("wait once, and not for ever, for a handler that waits for the clock", async () => {
    const { network, handlers } = start();
    handlers.on("poll_vote", () => new Promise(() => {}));
    const ada = await network.connect({ id: "ada" });
    const sending = ada.send("poll_vote", { option: 1 });
    const began = performance.now();
    await network.settle();
    await network.advance(30_000);
    expect((await sending).status).toBe("unknown");
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it("let no time pass but that of advance", async () => {
    const { network, clock } = start();
    const before = clock.now();
    await network.connect({ id: "ada" });
    await network.settle();
    expect(clock.now()).toBe(before);
    await network.advance(10 * 60_000);
    expect(clock.now()).toBe(before + 10 * 60_000);
  });

  it("reject to advance without a clock, or with a clock that the system does not use", async () => {
    const system = createWebSocketSystem();
    await expect(createTestNetwork(system).advance(1)).rejects.toThrow("createTestClock()");
    expect(() => createTestNetwork(system, { clock: createTestClock() })).toThrow(TypeError);
    await system.manager.close();
  });

  it("reject the clock of another system, and none for a system on a test clock", () => {
    const { clock } = start();
    const system = createWebSocketSystem({ clock: createTestClock() });
    expect(() => createTestNetwork(system, { clock })).toThrow("The system has another clock");
    expect(() => createTestNetwork(system)).toThrow("The system has another clock");
  });
});

describe("a network without a clock", () => {
  it("announces who has come in `settle`, however short quietMs is", async () => {
    const system = createWebSocketSystem();
    const network = createTestNetwork(system, { quietMs: 20 });
    const ada = await network.connect({ id: "ada" });
    await network.connect({ id: "bob" });
    await network.connect({ id: "cem" });
    await network.settle();
    expect(ada.users.map(({ userId }) => userId)).toEqual(["ada", "bob", "cem"]);
    await network.close();
    await system.manager.close();
  });

  it("connects, delivers, cuts and settles in real time", async () => {
    const system = createWebSocketSystem();
    const network = createTestNetwork(system, { quietMs: 50 });
    const ada = await network.connect({ id: "ada" });
    const bob = await network.connect({ id: "bob" });
    ada.send("chat_message", { content: "hello" });
    expect(await bob.next("chat_message")).toMatchObject({ content: "hello", from: { userId: "ada" } });

    bob.cut();
    void system.manager.broadcastMessage({ type: "announcement", message: "missed" });
    await network.settle();
    expect(await bob.next("announcement")).toMatchObject({ message: "missed" });
    await expect(bob.next("announcement")).rejects.toThrow("nothing is under way");
    await network.close();
    expect(system.manager.getConnectionStats().totalConnections).toBe(0);
    await system.manager.close();
  });
});
