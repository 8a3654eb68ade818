import { describe, expect, it } from "vitest";
import { z } from "zod";
import { messagesOf, nestedFields, page, rows, section } from "../test/protocol-document.ts";
import type { DocumentedField } from "../test/protocol-document.ts";
import { BUILTIN_TYPES } from "./builtins.ts";
import { ClientCloseCode, CloseCode, isRecoverableClose } from "./close-codes.ts";
import { ERROR_CODES } from "./errors.ts";
import { CLIENT_ID, LIMITS, ROOM_NAME } from "./limits.ts";
import { ClientFrame, clientMessages, frameMeta, ServerFrame, serverMessages } from "./messages.ts";
import { SUBPROTOCOL, TICKET_PREFIX } from "./subprotocol.ts";
import { WebSocketMessage } from "./web-socket-message.ts";

interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
}

const schemas: Record<"client" | "server", Record<string, z.ZodObject>> = {
  client: clientMessages,
  server: serverMessages,
};
const frames = { client: ClientFrame, server: ServerFrame };

function shapeOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
}

/** The names of an object's fields, `?` behind those that may be absent, without what every frame has. */
function fieldNames({ properties = {}, required = [] }: JsonSchema): string[] {
  return Object.keys(properties)
    .filter((name) => name !== "type" && name !== "$")
    .map((name) => (required.includes(name) ? name : `${name}?`))
    .sort();
}

const names = (fields: readonly DocumentedField[]): string[] =>
  fields.map(({ name, optional }) => (optional ? `${name}?` : name)).sort();

const all = [...messagesOf("client"), ...messagesOf("server")];

describe.each(["client", "server"] as const)("the messages that a %s sends", (direction) => {
  const documented = messagesOf(direction).map(({ type }) => type);

  it("are the same on the page, in the schemas and in the union", () => {
    expect(documented.toSorted()).toEqual(Object.keys(schemas[direction]).sort());
    const united = frames[direction].options.map((option) => [...option.shape.type.values][0]);
    expect(united.toSorted()).toEqual(documented.toSorted());
  });

  it("have names that an application cannot use", () => {
    for (const type of documented) expect(BUILTIN_TYPES).toContain(type);
  });
});

describe.each(all)("$type from the $direction", ({ direction, type, text, fields, example }) => {
  const schema = schemas[direction][type] ?? z.never();
  const shape = shapeOf(schema);

  it("has the fields that the page names, and no others", () => {
    expect(names(fields)).toEqual(fieldNames(shape));
    if (fields.length === 0) expect(text).toContain("No fields.");
  });

  it("has fields of the kinds that the page names", () => {
    for (const { name, text: kind } of fields) {
      const property = shape.properties?.[name] ?? {};
      const word = /^(text|integer|boolean|list|ISO 8601)\b/.exec(kind)?.[1];
      if (word === "ISO 8601") expect(property.format).toBe("date-time");
      else if (word !== undefined) expect(property.type).toBe(KINDS[word]);
      const nested = nestedFields(kind);
      if (nested !== undefined) expect(names(nested)).toEqual(fieldNames(property.items ?? property));
    }
  });

  it("has an example that is just such a frame", () => {
    expect(example?.["type"]).toBe(type);
    expect(frames[direction].parse(example)).toEqual(example);
    expect(WebSocketMessage.parse(example)).toEqual(example);
  });
});

const KINDS: Readonly<Record<string, string>> = {
  text: "string",
  integer: "integer",
  boolean: "boolean",
  list: "array",
};

describe("the reserved field of a frame", () => {
  it("holds what the page says and nothing else", () => {
    const named = rows(section(2)).flatMap(([, cell = ""]) => cell.match(/"(\w+)"(?=:)/g) ?? []);
    const unique = new Set(named.map((name) => name.replaceAll('"', "")));
    expect([...unique].sort()).toEqual(Object.keys(frameMeta.shape).sort());
  });
});

describe("the error codes", () => {
  it("are those of the page, with the same retryable", () => {
    const documented = rows(section(7)).map(([code, retryable]) => [code, retryable === "yes"]);
    expect(documented).toEqual(Object.entries(ERROR_CODES));
  });
});

describe("the reasons of a gap", () => {
  it("are the same in the gap, in the welcome and on the page", () => {
    const reasons = serverMessages.gap.shape.reason.options.toSorted();
    const said = /`reason` one of ([^.]+)/.exec(section(10))?.[1] ?? "";
    expect((said.match(/\w+/g) ?? []).sort()).toEqual(reasons);
    const inWelcome = rows(section(3)).flatMap(([cell = ""]) => cell.match(/\w+/g) ?? []);
    expect(inWelcome.sort()).toEqual([...reasons, "new", "pending", "true"].sort());
  });
});

describe("the close codes", () => {
  it("are those of the page", () => {
    expect(rows(section(8)).map(([code]) => Number(code))).toEqual(Object.values(CloseCode));
  });

  it("send a client back or stop it as the page says, by their range", () => {
    const [, back = "", stop = ""] =
      /\*\*Come back\*\*: ([^*]+)\*\*Stop\*\*: ([^*]+)4008, /.exec(section(8)) ?? [];
    expect(codesOf(back)).toContain(4399);
    expect(codesOf(stop)).toContain(4999);
    expect(codesOf(back).filter((code) => !isRecoverableClose(code))).toEqual([]);
    expect(codesOf(stop).filter((code) => isRecoverableClose(code))).toEqual([]);
  });

  it("name the client's own two", () => {
    expect(section(8)).toContain(`A client closes with ${String(ClientCloseCode.Closed)} `);
    expect(section(8)).toContain(`and with ${String(ClientCloseCode.Leaving)} `);
  });
});

/** `1002, 1003, 1007–1010` as the codes themselves. */
function codesOf(text: string): number[] {
  return [...text.matchAll(/(\d{4})(?:–(\d{4}))?/g)].flatMap(([, first, last]) =>
    Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, n) => Number(first) + n),
  );
}

describe("the numbers of the page", () => {
  const kib = (bytes: number): string => `${String(bytes / 1024)} KiB`;
  const count = (value: number): string => value.toLocaleString("en");

  it.each([
    [2, `A frame is at most ${kib(LIMITS.messageBytes)}`],
    [2, `and ${count(LIMITS.jsonDepth)} levels deep`],
    [1, `as its first frame, within ${String(LIMITS.helloMs / 1000)} s`],
    [3, `replays at most ${count(LIMITS.replayedMessages)} messages and ${kib(LIMITS.replayedBytes)}`],
    [4, `keeps at most ${count(LIMITS.unacknowledged)} sends unanswered`],
    [4, `keeps the answers of the last ${count(LIMITS.unacknowledged)} `],
    [5, `at most ${count(LIMITS.listedUsers)} users`],
    [5, `Above ${count(LIMITS.announcedUsers)} users`],
    [7, `An \`error\` frame is at most ${kib(LIMITS.errorBytes)}`],
    [8, `for ${String(LIMITS.helloMs / 1000)} s`],
    [3, `\`${ROOM_NAME.source}\``],
    [1, `\`${CLIENT_ID.source}\``],
    [1, `**\`${SUBPROTOCOL}\`**`],
    [1, `\`${TICKET_PREFIX}<base64url>\``],
  ])("stand in section %i: %s", (number, text) => {
    expect(section(number).replaceAll(/\s+/g, " ")).toContain(text);
  });

  it("say how many issues an error carries", () => {
    expect(LIMITS.errorIssues).toBe(5);
    expect(page).toContain("`issues?` at most five");
  });

  it("say what a welcome tells by default", () => {
    const { limits } = serverMessages.welcome.parse(
      messagesOf("server").find(({ type }) => type === "welcome")?.example,
    );
    expect(limits.messageBytes).toBe(LIMITS.messageBytes);
    expect(limits.unacknowledged).toBe(LIMITS.unacknowledged);
  });
});
