import type { BuiltinProtocol } from "@halyard/protocol";
import { expect, it } from "vitest";
import { createPublisher } from "../cluster/create-publisher.ts";
import type { PublisherOptions } from "../cluster/create-publisher.ts";
import type { WebSocketManagerConfig } from "../config.ts";
import { createWebSocketSystem } from "../system.ts";

it.each([
  [{ authorize: true }, "authorize is true: write authorize: ({ user, room }) => true"],
  [{ data: {} }, "data is another object: write data: () => ({ … })"],
  [{ onJoin: "log" }, "onJoin is log: write onJoin: ({ user }, room) => { … }"],
  [
    { backplane: { url: "redis://x" } },
    "backplane is another object: write backplane: redisBackplane({ url })",
  ],
])("a system refuses %j, with the line to write", (config: object, text) => {
  expect(() => createWebSocketSystem(config as WebSocketManagerConfig)).toThrow(new TypeError(text));
});

it("a publisher refuses options without a backplane, with the line to write", () => {
  const options = { url: "redis://x" } as unknown as PublisherOptions<BuiltinProtocol>;
  expect(() => createPublisher(options)).toThrow(
    new TypeError("backplane is undefined: write backplane: redisBackplane({ url })"),
  );
});

// A program in JavaScript has no compiler that refuses these, and each of them would let more through than was meant.
it.each([
  [{ builtIns: { chat: "room" } }, 'builtIns.chat is "room": write "all", "rooms" or false'],
  [{ builtIns: { presence: true } }, 'builtIns.presence is true: write "all", "rooms" or false'],
  [{ builtIns: { chats: false } }, "There is no builtIns.chats: there are chat, typing, presence"],
  [
    { onConnectionLimit: "close_oldest" },
    'onConnectionLimit is "close_oldest": write "reject", "close-oldest" or a function',
  ],
])("refuses %j with the words to write", (config: object, text) => {
  expect(() => createWebSocketSystem(config as WebSocketManagerConfig)).toThrow(new TypeError(text));
});

it.each([
  {},
  { builtIns: { chat: "rooms", typing: false, presence: "all" } },
  { builtIns: { chat: undefined }, onConnectionLimit: "close-oldest" },
] as const)("takes %j", (config) => {
  expect(() => createWebSocketSystem(config)).not.toThrow();
});

it.each(["bob", { userIds: "bob" }])("refuses to publish with except: %j", (except: unknown) => {
  const { manager } = createWebSocketSystem();
  const options = { except } as { except: { userIds: string[] } };
  expect(() => manager.broadcastMessage({ type: "announcement", message: "hello" }, options)).toThrow(
    new TypeError("except names connections and users: { except: { ws, userIds: [user.id] } }"),
  );
});
