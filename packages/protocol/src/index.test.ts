import { expect, it } from "vitest";
import * as main from "./index.ts";
import * as wire from "./wire.ts";

it("the package exports what this list says", () => {
  expect(Object.keys(main).sort()).toMatchInlineSnapshot(`
    [
      "BUILTIN_TYPES",
      "CLIENT_ID",
      "ClientCloseCode",
      "ClientFrame",
      "CloseCode",
      "ERROR_CODES",
      "HalyardError",
      "LIMITS",
      "ROOM_NAME",
      "SUBPROTOCOL",
      "ServerFrame",
      "TICKET_PREFIX",
      "WebSocketMessage",
      "chatFields",
      "clientMessages",
      "decodeFrame",
      "defineProtocol",
      "encodeFrame",
      "frameMeta",
      "isRecoverableClose",
      "message",
      "messageIdOf",
      "outgoingMessages",
      "publicUser",
      "request",
      "retryAfterOf",
      "roomName",
      "serverMessages",
      "typingFields",
      "validate",
    ]
  `);
});

it("the subpath without zod exports what this list says", () => {
  expect(Object.keys(wire).sort()).toMatchInlineSnapshot(`
    [
      "CLIENT_ID",
      "ClientCloseCode",
      "CloseCode",
      "ERROR_CODES",
      "HalyardError",
      "LIMITS",
      "ROOM_NAME",
      "SUBPROTOCOL",
      "TICKET_PREFIX",
      "decodeFrame",
      "encodeFrame",
      "isRecoverableClose",
      "messageIdOf",
      "retryAfterOf",
    ]
  `);
});

it("the subpath's exports are all in the package", () => {
  expect(main).toMatchObject(wire);
});
