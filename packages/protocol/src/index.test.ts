import { expect, it } from "vitest";
import * as main from "./index.ts";
import * as wire from "./wire.ts";

it("exports from the main entry the names in this list", () => {
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

it("exports from the entry without zod, ./wire, the names in this list", () => {
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

it("exports from the main entry everything that ./wire exports", () => {
  expect(main).toMatchObject(wire);
});
