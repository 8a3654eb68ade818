import { afterEach, describe, expect, it } from "vitest";
import { FakeSocket } from "../test/fake-socket.ts";
import { TestSystem } from "../test/test-system.ts";
import type { TestConfig } from "../test/test-system.ts";
import { MessageHandler, MessageHandlerRegistry } from "./messages/handler-registry.ts";
import { ChatMessageHandler, PingHandler, TypingIndicatorHandler } from "./handlers.ts";
import type { Broadcaster } from "./handlers.ts";
import type { ConnectedUsers, WebSocketInstances } from "./types.ts";

class VoteHandler extends MessageHandler {
  readonly messageType = "vote";
  readonly seen: unknown[] = [];
  validate(data: unknown): boolean {
    return typeof data === "object" && data !== null && "option" in data;
  }
  handle(...args: unknown[]): void {
    this.seen.push(args);
  }
}

const ping = new PingHandler({ send: () => undefined });

describe("a registry of handlers", () => {
  it("returns the handler of the application before a built-in one", () => {
    const registry = new MessageHandlerRegistry([ping]);
    expect(registry.find("ping")).toBe(ping);
    const own = new (class extends VoteHandler {
      override readonly messageType = "ping" as never;
    })();
    registry.register(own);
    expect(registry.find("ping")).toBe(own);
    expect([...registry.all()]).toEqual([own]);
  });

  it("throws a TypeError for a second handler of the application for one type or request", () => {
    const registry = new MessageHandlerRegistry([ping]).register(new VoteHandler());
    expect(() => registry.register(new VoteHandler())).toThrow(
      new TypeError("the message type vote has a handler already"),
    );
    registry.on("chat_message", () => undefined);
    expect(() => registry.on("chat_message", () => undefined)).toThrow(TypeError);
    const requests = registry as unknown as { onRequest(name: string, handler: () => void): void };
    requests.onRequest("a", () => undefined);
    expect(() => requests.onRequest("a", () => undefined)).toThrow(
      new TypeError("the request a has a handler already"),
    );
  });

  it("returns nothing for a type without a handler, not even for the name of an inherited property", () => {
    const registry = new MessageHandlerRegistry();
    for (const type of ["ping", "constructor", "__proto__", "toString"]) {
      expect(registry.find(type)).toBeUndefined();
      expect(registry.findRequest(type)).toBeUndefined();
    }
  });
});

let system: TestSystem;
const create = (config: TestConfig = {}): TestSystem =>
  (system = new TestSystem({ authorize: () => true, ...config }));

describe("a handler of the application", () => {
  afterEach(() => system.expectToEndCleanly());

  it("gets the socket, the message and the maps, and only messages that its validate accepts", async () => {
    create();
    const handler = new VoteHandler();
    system.handlers.register(handler);
    const ws = await system.open("ada");
    await system.say(ws, { type: "vote", option: 2 });
    expect(await system.ask(ws, { type: "vote" })).toMatchObject([{ code: "invalid_message" }]);
    const { connectedUsers, wsInstances } = system.manager;
    expect(handler.seen).toEqual([[ws, { type: "vote", option: 2 }, connectedUsers, wsInstances]]);
  });

  it("is the only one when it is in a registry of the application", async () => {
    const handlers = new MessageHandlerRegistry().register(new VoteHandler());
    const ws = await create({ handlers }).open("ada");
    expect(await system.ask(ws, { type: "chat_message", content: "a" })).toMatchObject([
      { code: "unknown_type" },
    ]);
    expect(await system.ask(ws, { type: "ping" })).toEqual([{ type: "pong" }]);
  });

  it("is called at every close, and an error in onClose does not stop the others", async () => {
    create();
    const closed: unknown[] = [];
    const failing = new VoteHandler();
    const failure = new Error("close");
    system.handlers.register(
      Object.assign(failing, {
        onClose: (ws: unknown) => {
          closed.push(ws);
          throw failure;
        },
      }),
    );
    const ws = await system.open("ada");
    await system.drop(ws);
    expect(closed).toEqual([ws]);
    expect(system.errors).toMatchObject([{ error: failure }]);
    expect(system.manager.getConnectionStats().totalConnections).toBe(0);
  });
});

describe("a chat message", () => {
  afterEach(() => system.expectToEndCleanly());
  const chat = { type: "chat_message", content: "hello" };

  it("has the author, id and time that the server sets, whatever the client sends", async () => {
    const ws = await create().open("ada", { name: "Ada", email: "ada@example.com" });
    const claims = { from: { userId: "eve" }, id: "mine", sentAt: "never", userId: "eve" };
    await system.say(ws, { ...chat, ...claims });
    expect(ws.received("chat_message")).toEqual([
      {
        type: "chat_message",
        id: expect.stringMatching(/^[\w-]{22}$/) as string,
        content: "hello",
        from: { userId: "ada", name: "Ada", connectedAt: "2026-11-23T00:00:00.000Z" },
        sentAt: "2026-11-23T00:00:00.000Z",
        $: { ch: "all", off: 1 },
      },
    ]);
  });

  it("is not sent to its own connection when echoToSender is false", async () => {
    create({ echoToSender: false });
    const [ws, tab] = [await system.join("ada"), await system.open("ada")];
    ws.take();
    await system.say(ws, { ...chat, $: { seq: 1 } });
    expect(ws.types.toSorted()).toEqual(["reply", "skip"]);
    expect(tab.received("chat_message")).toHaveLength(1);
  });

  it("may be changed or refused by beforePublish", async () => {
    create({
      chat: {
        beforePublish: ({ content }, { user }) => {
          if (content === "spam") throw new TypeError("the application's own");
          return { content: `${user.id}: ${content}` };
        },
      },
    });
    const ws = await system.open("ada");
    await system.say(ws, chat);
    expect(ws.received("chat_message")).toMatchObject([{ content: "ada: hello" }]);
    expect(await system.ask(ws, { ...chat, content: "spam" })).toMatchObject([{ code: "internal" }]);
  });

  it("has the whole author also when it runs after the last connection of the user was lost", async () => {
    let publish = (): void => {};
    create({ chat: { beforePublish: () => new Promise<void>((resolve) => (publish = resolve)) } });
    const ada = await system.upgrade({ id: "u1", name: "Ada", image: "https://example.com/a.png" });
    const reader = await system.open("bea");
    const user = ada.take().find(({ type }) => type === "welcome")?.["user"];
    await system.say(ada, { type: "chat_message", content: "hi" });
    system.manager.handleClose(ada, 1006);
    await system.clock.advance(10_000);
    reader.take();
    publish();
    await system.clock.settle();
    expect(reader.take()).toMatchObject([{ type: "chat_message", from: user }]);
    expect(user).toMatchObject({ userId: "u1", image: "https://example.com/a.png" });
  });

  it("gets neither a reply nor an error while it is not known to be stored: the connection stays open, and the message is stored later", async () => {
    const { backplane } = create().internals;
    const ws = await system.join("ada");
    const publish = backplane.publish.bind(backplane);
    Object.assign(backplane, { publish: () => Promise.reject(new Error("away")) });
    expect(await system.ask(ws, { ...chat, $: { seq: 1 } })).toEqual([]);
    await system.clock.advance(5_000);
    expect(ws.closedWith).toBeUndefined();
    Object.assign(backplane, { publish });
    await system.clock.advance(5_000);
    expect(ws.received("reply")).toMatchObject([{ $: { re: 1 } }]);
    expect(ws.received("chat_message")).toHaveLength(1);
  });

  it("closes the connection with 1013 when it is not known to be stored for 4 min, after which its client has given it up", async () => {
    const { backplane } = create().internals;
    const ws = await system.join("ada");
    Object.assign(backplane, { publish: () => Promise.reject(new Error("away")) });
    await system.ask(ws, { ...chat, $: { seq: 1 } });
    await system.clock.advance(242_000);
    expect(ws.closedWith?.code).toBe(1013);
  });

  it.each([
    ["rooms", "forbidden"],
    [false, "unknown_type"],
  ] as const)("without a room is refused when the option builtIns.chat is %s", async (where, code) => {
    const ws = await create({ builtIns: { chat: where } }).open("ada");
    expect(await system.ask(ws, chat)).toMatchObject([{ type: "error", code }]);
  });
});

describe("a typing indicator", () => {
  afterEach(() => system.expectToEndCleanly());
  const typing = (isTyping: boolean, room?: string): object => ({
    type: "typing_indicator",
    isTyping,
    ...(room === undefined ? {} : { $: { ch: `room:${room}` } }),
  });
  const typed = (ws: FakeSocket): unknown[] =>
    ws.received("typing_indicator").map(({ userId, isTyping, $ }) => [userId, isTyping, $?.ch]);

  it("is sent to the others without an offset, and not to its sender", async () => {
    create();
    const [ada, bea] = [await system.open("ada"), await system.open("bea")];
    await system.say(ada, typing(true));
    expect(typed(bea)).toEqual([["ada", true, "all"]]);
    expect(typed(ada)).toEqual([]);
    expect(bea.received("typing_indicator")[0]?.$).toEqual({ ch: "all" });
  });

  it("ends in every room and globally when the connection closes", async () => {
    create();
    const [ada, bea] = [
      await system.join("ada", { rooms: ["a"] }),
      await system.join("bea", { rooms: ["a"] }),
    ];
    await system.say(ada, typing(true));
    await system.say(ada, typing(true, "a"));
    await system.drop(ada);
    expect(typed(bea).slice(2)).toEqual([
      ["ada", false, "all"],
      ["ada", false, "room:a"],
    ]);
    await system.drop(bea);
  });

  it("ends only once when it ended before the close", async () => {
    create();
    const [ada, bea] = [await system.open("ada"), await system.open("bea")];
    await system.say(ada, typing(true));
    await system.clock.advance(50);
    await system.say(ada, typing(false));
    await system.drop(ada);
    expect(typed(bea).map((each) => (each as unknown[])[1])).toEqual([true, false]);
  });

  it("ends at the close in no room that the connection has left", async () => {
    create();
    const ada = await system.join("ada", { rooms: ["a", "b"] });
    const bea = await system.join("bea", { rooms: ["a", "b"] });
    for (const room of ["a", "b"]) await system.say(ada, typing(true, room));
    await system.say(ada, { type: "leave", room: "a", $: { id: "r1" } });
    await system.drop(ada);
    expect(typed(bea).slice(2)).toEqual([["ada", false, "room:b"]]);
    await system.drop(bea);
  });
});

describe("a built-in handler without a manager", () => {
  const sent: unknown[] = [];
  const published = { id: "1", channel: "all", offset: 1, error: undefined };
  const broadcaster: Broadcaster = {
    broadcastMessage: (message) => (sent.push(message), Promise.resolve(published)),
    sendToRoom: (room, message) => (sent.push([room, message]), Promise.resolve(published)),
    send: (_, message) => sent.push(message),
  };
  const maps: [ConnectedUsers, WebSocketInstances] = [new Map(), new Map()];

  it("is called with four arguments, as in the reference", async () => {
    const ws = new FakeSocket({ userId: "ada", name: "Ada" });
    await new ChatMessageHandler(broadcaster).handle(ws, { type: "chat_message", content: "a" }, ...maps);
    await new TypingIndicatorHandler(broadcaster).handle(
      ws,
      { type: "typing_indicator", isTyping: true },
      ...maps,
    );
    new PingHandler(broadcaster).handle(ws);
    expect(sent).toMatchObject([
      { type: "chat_message", content: "a", from: { userId: "ada", name: "Ada" } },
      { type: "typing_indicator", userId: "ada", isTyping: true },
      { type: "pong" },
    ]);
  });

  it.each([null, undefined, 1, "x", {}, { content: 1 }, { isTyping: "yes" }])(
    "refuses %j as its message",
    (data) => {
      expect(new ChatMessageHandler(broadcaster).validate(data)).toBe(false);
      expect(new TypingIndicatorHandler(broadcaster).validate(data)).toBe(false);
    },
  );
});
