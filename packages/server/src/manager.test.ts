import { defineProtocol, message, request } from "@halyard/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { fakeTransport } from "../test/fake-socket.ts";
import type { FakeSocket } from "../test/fake-socket.ts";
import { TestSystem } from "../test/test-system.ts";
import type { TestConfig } from "../test/test-system.ts";

const protocol = defineProtocol({
  clientMessages: { work: message(z.object({})) },
  serverMessages: { told: message(z.object({ text: z.string() })) },
  requests: { wait: request({ input: z.object({}), output: z.object({}) }) },
});

let system: TestSystem<typeof protocol>;
const create = (config: TestConfig<typeof protocol> = {}): typeof system =>
  (system = new TestSystem({ protocol, builtIns: { presence: false }, authorize: () => true, ...config }));
const told = (ws: FakeSocket): unknown[] => ws.received("told").map(({ text }) => text);
const tell = (text: string): { type: "told"; text: string } => ({ type: "told", text });

afterEach(() => system.expectToEndCleanly());

describe("listUsers", () => {
  it("rejects for a room where built-in presence is off, in place of an empty list", async () => {
    create();
    await expect(system.manager.listUsers({ room: "hall" })).rejects.toThrow("builtIns.presence is false");
  });
});

describe("the profile of a user", () => {
  it("is that of the newest connection, in its welcome and in the maps alike", async () => {
    create();
    for (const name of ["Ada", "Ada L."]) {
      const ws = await system.open("ada", { name });
      expect(ws.received("welcome")).toMatchObject([{ user: { name } }]);
    }
    expect(system.manager.connectedUsers.get("ada")?.name).toBe("Ada L.");
  });
});

describe("a broadcast", () => {
  it("reaches every connection, each at the same offset", async () => {
    create();
    const everyone = [await system.open("ada"), await system.join("bea"), await system.open("bea")];
    const published = await system.manager.broadcastMessage(tell("a"));
    await system.clock.settle();
    expect(published).toEqual({ id: expect.any(String) as string, channel: "all", offset: 1 });
    expect(everyone.map(told)).toEqual([["a"], ["a"], ["a"]]);
    for (const ws of everyone) expect(ws.received("told")[0]?.$).toEqual({ ch: "all", off: 1 });
  });

  it("leaves out the excluded connection, but not the other connections of its user", async () => {
    create();
    const [out, tab, bea] = [await system.open("ada"), await system.open("ada"), await system.open("bea")];
    await system.manager.broadcastMessage(tell("a"), out);
    await system.clock.settle();
    expect([out, tab, bea].map(told)).toEqual([[], ["a"], ["a"]]);
  });

  it("may be JSON text, and throws a TypeError at once when it is not a message", async () => {
    const ws = await create().open("ada");
    await system.manager.broadcastMessage('{"type":"told","text":"a"}');
    await system.clock.settle();
    expect(told(ws)).toEqual(["a"]);
    for (const text of ["hello", "{}", '{"type":"work"}'])
      expect(() => system.manager.broadcastMessage(text)).toThrow(TypeError);
  });

  it("never rejects: when the backplane fails, onError gets the error and there is no offset", async () => {
    create();
    const failure = new Error("away");
    Object.assign(system.internals.backplane, { publish: () => Promise.reject(failure) });
    const published = await system.manager.broadcastMessage(tell("a"));
    expect(published).toMatchObject({ channel: "all", offset: undefined });
    expect(system.errors).toMatchObject([{ error: failure, context: { type: "publish" } }]);
  });

  it("is written once per connection and turn, with all other messages of the turn", async () => {
    create();
    const ws = await system.upgrade({ id: "ada" });
    ws.writes = 0;
    for (let n = 0; n < 50; n++) void system.manager.broadcastMessage(tell(String(n)));
    await system.clock.settle();
    expect(told(ws)).toHaveLength(50);
    expect(ws.writes).toBe(1);
  });
});

describe("a message of the manager", () => {
  it("to a user reaches all connections of the user, and no other", async () => {
    create();
    const [tab, other, bea] = [await system.open("ada"), await system.join("ada"), await system.open("bea")];
    await system.manager.sendToUser("ada", tell("a"));
    await system.manager.sendToUser("ada", tell("b"), tab);
    await system.clock.settle();
    expect([tab, other, bea].map(told)).toEqual([["a"], ["a", "b"], []]);
  });

  it("to one connection has no offset, and is dropped when the connection is closed", async () => {
    create();
    const [tab, other] = [await system.open("ada"), await system.open("ada")];
    system.manager.send(tab, tell("a"));
    await system.clock.settle();
    expect(tab.received("told")).toEqual([tell("a")]);
    expect(told(other)).toEqual([]);
    await system.drop(tab);
    system.manager.send(tab, tell("b"));
  });
});

describe("a user whom the application disconnects", () => {
  it("has every connection closed, with 4401 by default", async () => {
    create();
    const sockets = [await system.open("ada"), await system.join("ada"), await system.open("bea")];
    await system.manager.disconnectUser("ada");
    expect(sockets.map(({ closedWith }) => closedWith?.code)).toEqual([4401, 4401, undefined]);
    await system.manager.disconnectUser("bea", { code: 4403, reason: "x".repeat(500) });
    expect(sockets[2]?.closedWith?.code).toBe(4403);
    expect(sockets[2]?.closedWith?.reason?.length).toBeLessThanOrEqual(123);
  });

  it("has only the connections of one session closed by disconnectSession", async () => {
    create();
    const open = async (id: string): Promise<FakeSocket> => {
      const { upgrades, opener } = system.internals;
      const asked = { url: "/ws", headers: new Headers(), remoteAddress: undefined };
      const answer = await upgrades.handleUpgrade(asked, () => ({ user: { id: "ada" }, session: { id } }));
      const ws = await system.open("ada");
      await system.drop(ws);
      ws.readyState = 1;
      if ("details" in answer) opener.open(ws, { ...answer.details, transport: fakeTransport });
      await system.clock.settle();
      return ws;
    };
    const [one, two] = [await open("s1"), await open("s2")];
    await system.manager.disconnectSession("s1");
    expect([one.closedWith?.code, two.closedWith?.code]).toEqual([4401, undefined]);
  });

  it("has no message handled any more, neither a queued one nor a new one", async () => {
    create();
    let ran = 0;
    let release = (): void => undefined;
    let signal: AbortSignal | undefined;
    system.handlers.on("work", (_, context) => {
      ran++;
      ({ signal } = context);
      return new Promise<void>((resolve) => (release = resolve));
    });
    const ws = await system.open("ada");
    for (let n = 0; n < 3; n++) system.hand(ws, { type: "work" });
    await system.clock.settle();
    await system.manager.disconnectUser("ada", { code: 4403 });
    expect(signal?.aborted).toBe(true);
    system.hand(ws, { type: "work" });
    release();
    await system.clock.settle();
    expect(ran).toBe(1);
  });
});

describe("the heartbeat of a node", () => {
  it("pings connections that an upgrade opened, and closes those silent for 35 s with 4000", async () => {
    create();
    const [silent, talking] = [await system.upgrade({ id: "ada" }), await system.upgrade({ id: "bea" })];
    for (let second = 0; second < 60; second += 10) {
      await system.clock.advance(10_000);
      await system.say(talking, { type: "ping" });
    }
    expect(silent.closedWith?.code).toBe(4000);
    expect(silent.isTerminated).toBe(true);
    expect(talking.closedWith).toBeUndefined();
    expect(talking.pings).toBeGreaterThan(1);
  });

  it("never closes a socket without a transport for silence", async () => {
    create();
    const ws = await system.open("ada");
    await system.clock.advance(600_000);
    expect(ws.closedWith).toBeUndefined();
  });
});

describe("a drain", () => {
  it("sends reconnect, then closes every connection with 4012 and a delay within the window", async () => {
    create();
    const sockets = [];
    for (let n = 0; n < 20; n++) sockets.push(await system.open(`u${String(n)}`));
    await system.manager.drain({ windowMs: 1_000 });
    const waits = sockets.map(({ closedWith }) => Number(closedWith?.reason?.slice("retryAfterMs=".length)));
    expect(new Set(sockets.map(({ closedWith }) => closedWith?.code))).toEqual(new Set([4012]));
    for (const wait of waits) expect(wait).toSatisfy((ms: number) => ms >= 0 && ms <= 1_000);
    expect(new Set(waits).size).toBeGreaterThan(10);
    expect(sockets[0]?.types.at(-1)).toBe("reconnect");
  });

  it.each(["work", "wait"])(
    "lets handlers finish and sends their replies, for the message type %s",
    async (type) => {
      create();
      let release = (): void => undefined;
      const hold = (): Promise<Record<string, never>> =>
        new Promise((resolve) => (release = () => resolve({})));
      system.handlers.on("work", hold).onRequest("wait", hold);
      const ws = await system.join("ada");
      if (type === "work") system.hand(ws, { type, $: { seq: 1 } });
      else system.hand(ws, { type: "request", name: "wait", input: {}, $: { id: "1" } });
      await system.clock.settle();
      const draining = system.manager.drain();
      await system.clock.advance(9_000);
      expect(ws.closedWith).toBeUndefined();
      release();
      await draining;
      expect(ws.received("reply")).toHaveLength(1);
      expect(ws.closedWith?.code).toBe(4012);
    },
  );

  it("waits ten seconds for handlers, and no longer", async () => {
    create().handlers.on("work", () => new Promise(() => undefined));
    const ws = await system.join("ada");
    await system.say(ws, { type: "work", $: { seq: 1 } });
    const draining = system.manager.drain();
    await system.clock.advance(10_000);
    await draining;
    expect(ws.closedWith?.code).toBe(4012);
    await system.clock.advance(30_000);
  });

  it("does not wait for connections that are disconnected during it", async () => {
    create().handlers.on("work", () => new Promise(() => undefined));
    const ws = await system.open("ada");
    for (let n = 0; n < 2; n++) system.hand(ws, { type: "work" });
    await system.clock.settle();
    await system.manager.disconnectUser("ada");
    await system.manager.drain();
    await system.clock.advance(30_000);
  });
});

describe("close", () => {
  it("closes every connection with 1001 and leaves no timer, whatever was running", async () => {
    create({ builtIns: {} });
    const plain = await system.open("ada");
    const v1 = await system.join("bea", { rooms: ["a"] });
    const silent = await system.openV1("cleo");
    await system.upgrade({ id: "dan" });
    for (let seq = 1; seq <= 30; seq++)
      system.hand(v1, { type: "chat_message", content: "paced", $: { seq } });
    system.hand(v1, { type: "typing_indicator", isTyping: true });
    system.hand(v1, { type: "typing_indicator", isTyping: true });
    system.hand(plain, { type: "join", room: "b", $: { id: "1" } });
    const opening = system.begin("eve");
    await system.drop(await system.open("fay"), 1006);
    await system.manager.close();
    await system.clock.settle();
    expect([plain, v1, silent, opening].map(({ closedWith }) => closedWith?.code)).toEqual([
      1001, 1001, 1001, 1001,
    ]);
    expect(system.clock.timers).toBe(0);
    expect(system.errors).toEqual([]);
  });

  it.each([0, 1, 2, 3, 5, 8, 13])(
    "leaves nothing of a connection that opened %i turns before it",
    async (turns) => {
      create({ builtIns: {} });
      const [plain, v1] = [system.begin("ada"), await system.openV1("bea")];
      system.hand(v1, { type: "hello", clientId: "q3vJm0dZyUe1aXcLr8tWsA", attempt: 1, rooms: ["a"] });
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await system.manager.close();
      await system.clock.settle();
      expect([plain, v1].map(({ closedWith }) => closedWith?.code)).toEqual([1001, 1001]);
      expect(system.clock.timers).toBe(0);
      expect(system.errors).toEqual([]);
    },
  );

  it("runs no message that was queued", async () => {
    create();
    let [ran, release] = [0, (): void => undefined];
    system.handlers.on("work", () => {
      ran++;
      return new Promise<void>((resolve) => (release = resolve));
    });
    const ws = await system.open("ada");
    for (let n = 0; n < 3; n++) system.hand(ws, { type: "work" });
    await system.clock.settle();
    await system.manager.close();
    release();
    await system.clock.settle();
    expect(ran).toBe(1);
  });

  it("has no further effect when it is called twice", async () => {
    create();
    await system.open("ada");
    await system.manager.close();
  });
});
