import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import * as main from "./index.ts";
import * as internal from "./internal.ts";
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
      "RESERVED_PREFIX",
      "ROOM_NAME",
      "ROOM_NAME_RULE",
      "SUBPROTOCOL",
      "ServerFrame",
      "TICKET_PREFIX",
      "WebSocketMessage",
      "applicationError",
      "chatFields",
      "clientMessages",
      "decodeFrame",
      "defineProtocol",
      "encodeFrame",
      "frameMeta",
      "isErrorOf",
      "isRecoverableClose",
      "message",
      "messageIdOf",
      "normalizeRoomName",
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
      "ROOM_NAME_RULE",
      "SUBPROTOCOL",
      "TICKET_PREFIX",
      "decodeFrame",
      "encodeFrame",
      "isErrorOf",
      "isRecoverableClose",
      "messageIdOf",
      "normalizeRoomName",
      "retryAfterOf",
    ]
  `);
});

it("exports from the main entry everything that ./wire exports", () => {
  expect(main).toMatchObject(wire);
});

it("exports from ./internal only names that no other entry exports", () => {
  const names = [
    "IS_FAILURE",
    "TEST_CONTROLS",
    "TOO_MANY_MARKS",
    "TokenBucket",
    "callLogger",
    "callSafely",
    "dateOf",
    "isDeeperThan",
    "isPromise",
    "isThenable",
    "printable",
    "printableAscii",
    "replaceLoneSurrogates",
    "serverTime",
    "systemTime",
    "traceCaller",
  ];
  expect(Object.keys(internal).sort()).toEqual(names);
  expect(Object.keys(main)).not.toEqual(expect.arrayContaining(Object.keys(internal)));
});

it.each(["./wire.ts", "./internal.ts"])(
  "imports no package from %s, directly or through its files",
  async (entry) => {
    const files = new Set([new URL(entry, import.meta.url).href]);
    for (const file of files) {
      const source = await readFile(new URL(file), "utf8");
      for (const [, specifier = ""] of source.matchAll(
        /^(?:import|export)(?! type)[^;]* from "([^"]+)";/gm,
      )) {
        expect(specifier).toMatch(/^\./);
        files.add(new URL(specifier, file).href);
      }
    }
    expect(files.size).toBeGreaterThan(1);
  },
);
