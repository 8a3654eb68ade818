import { expect, it } from "vitest";
import * as bun from "./bun.ts";
import * as main from "./index.ts";
import * as node from "./node.ts";
import * as publisher from "./publisher.ts";

it("the package exports exactly this list", () => {
  expect(Object.keys(main).sort()).toMatchInlineSnapshot(`
    [
      "ChatMessageHandler",
      "DEFAULT_LIMITS",
      "MessageHandler",
      "MessageHandlerRegistry",
      "PingHandler",
      "TypingIndicatorHandler",
      "WebSocketManager",
      "createMemoryBackplane",
      "createWebSocketSystem",
    ]
  `);
});

it("the subpath for Node exports exactly this list", () => {
  expect(Object.keys(node).sort()).toMatchInlineSnapshot(`
    [
      "attachWebSocketServer",
      "closeOnSignals",
      "createNodeWebSocket",
    ]
  `);
});

it("the subpath for Bun exports exactly this list", () => {
  expect(Object.keys(bun).sort()).toMatchInlineSnapshot(`
    [
      "closeOnSignals",
      "combineBunWebSockets",
      "createBunWebSocket",
    ]
  `);
});

it("the subpath for processes without sockets exports exactly this list", () => {
  expect(Object.keys(publisher)).toEqual(["createPublisher"]);
});
