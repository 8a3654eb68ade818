import { describe, expect, it } from "vitest";
import { z } from "zod";
import { messagesOf, nestedFields, page, rows, section } from "../test/protocol-document.ts";
import type { DocumentedField } from "../test/protocol-document.ts";
import { BUILTIN_TYPES } from "./builtins.ts";
import { ClientCloseCode, CloseCode, isRecoverableClose } from "./close-codes.ts";
import { ERROR_CODES } from "./errors.ts";
import { CLIENT_ID, LIMITS, MAX_ROOM_NAME_LENGTH } from "./limits.ts";
import { ClientFrame, clientMessages, frameMeta, ServerFrame, serverMessages } from "./messages.ts";
import { SUBPROTOCOL, TICKET_PREFIX } from "./frames.ts";
import { WebSocketMessage } from "./web-socket-message.ts";

interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly maxLength?: number;
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

/** The names of an object's fields, with `?` behind the optional ones, without `type` and `$`. */
function fieldNames({ properties = {}, required = [] }: JsonSchema): string[] {
  return Object.keys(properties)
    .filter((name) => name !== "type" && name !== "$")
    .map((name) => (required.includes(name) ? name : `${name}?`))
    .sort();
}

const names = (fields: readonly DocumentedField[]): string[] =>
  fields.map(({ name, optional }) => (optional ? `${name}?` : name)).sort();

const all = [...messagesOf("client"), ...messagesOf("server")];

describe.each(["client", "server"] as const)("PROTOCOL.md on the messages of a %s", (direction) => {
  const documented = messagesOf(direction).map(({ type }) => type);

  it("describes exactly the messages of the schemas and of the frame union", () => {
    expect(documented.toSorted()).toEqual(Object.keys(schemas[direction]).sort());
    const united = frames[direction].options.map((option) => [...option.shape.type.values][0]);
    expect(united.toSorted()).toEqual(documented.toSorted());
  });

  it("describes only messages whose names a contract cannot use", () => {
    for (const type of documented) expect(BUILTIN_TYPES).toContain(type);
  });
});

describe.each(all)(
  "PROTOCOL.md on $type from the $direction",
  ({ direction, type, text, fields, example }) => {
    const schema = schemas[direction][type] ?? z.never();
    const shape = shapeOf(schema);

    it("names exactly the fields of the schema", () => {
      expect(names(fields)).toEqual(fieldNames(shape));
      if (fields.length === 0) expect(text).toContain("No fields.");
    });

    it("gives each field the type that the schema has", () => {
      for (const { name, text: kind } of fields) {
        const property = shape.properties?.[name] ?? {};
        const word = /^(text|integer|boolean|list|ISO 8601)\b/.exec(kind)?.[1];
        if (word === "ISO 8601") expect(property.format).toBe("date-time");
        else if (word !== undefined) expect(property.type).toBe(KINDS[word]);
        const [, most] = /^text of (?:1 to|at most) ([\d,]+) characters/.exec(kind) ?? [];
        if (most !== undefined) expect(property.maxLength).toBe(Number(most.replace(",", "")));
        const nested = nestedFields(kind);
        if (nested !== undefined) expect(names(nested)).toEqual(fieldNames(property.items ?? property));
      }
    });

    it("has an example that the schema accepts unchanged", () => {
      expect(example?.["type"]).toBe(type);
      expect(frames[direction].parse(example)).toEqual(example);
      expect(WebSocketMessage.parse(example)).toEqual(example);
    });
  },
);

const KINDS: Readonly<Record<string, string>> = {
  text: "string",
  integer: "integer",
  boolean: "boolean",
  list: "array",
};

describe("PROTOCOL.md on the reserved field of a frame", () => {
  it("names exactly the fields of frameMeta", () => {
    const named = rows(section(2)).flatMap(([, cell = ""]) => cell.match(/"(\w+)"(?=:)/g) ?? []);
    const unique = new Set(named.map((name) => name.replaceAll('"', "")));
    expect([...unique].sort()).toEqual(Object.keys(frameMeta.shape).sort());
  });
});

describe("PROTOCOL.md on error codes", () => {
  it("lists the codes of ERROR_CODES with the same retryable", () => {
    const documented = rows(section(7)).map(([code, retryable]) => [code, retryable === "yes"]);
    expect(documented).toEqual(Object.entries(ERROR_CODES));
  });
});

describe("PROTOCOL.md on gaps", () => {
  it("gives the reasons that the gap and the welcome have", () => {
    const reasons = serverMessages.gap.shape.reason.options.toSorted();
    const listed = /`reason` one of ([^.]+)/.exec(section(10))?.[1] ?? "";
    expect((listed.match(/\w+/g) ?? []).sort()).toEqual(reasons);
    const inWelcome = rows(section(3)).flatMap(([cell = ""]) => cell.match(/\w+/g) ?? []);
    expect(inWelcome.sort()).toEqual([...reasons, "new", "pending", "true"].sort());
  });
});

describe("PROTOCOL.md on close codes", () => {
  it("lists exactly the close codes of CloseCode", () => {
    expect(rows(section(8)).map(([code]) => Number(code))).toEqual(Object.values(CloseCode));
  });

  it("puts each code into the range, reconnect or stop, that isRecoverableClose has for it", () => {
    const [, back = "", stop = ""] =
      /\*\*Come back\*\*: ([^*]+)\*\*Stop\*\*: ([^*]+)4008, /.exec(section(8)) ?? [];
    expect(codesOf(back)).toContain(4399);
    expect(codesOf(stop)).toContain(4999);
    expect(codesOf(back).filter((code) => !isRecoverableClose(code))).toEqual([]);
    expect(codesOf(stop).filter((code) => isRecoverableClose(code))).toEqual([]);
  });

  it("names the two close codes of the client", () => {
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

describe("PROTOCOL.md on limits", () => {
  const kib = (bytes: number): string => `${String(bytes / 1024)} KiB`;
  const count = (value: number): string => value.toLocaleString("en");

  it.each([
    [2, `A frame is at most ${kib(LIMITS.messageBytes)}`],
    [2, `and ${count(LIMITS.jsonDepth)} levels deep`],
    [1, `as its first frame, within ${String(LIMITS.helloMs / 1000)} s`],
    [3, `replays at most ${count(LIMITS.replayedMessages)} messages and ${kib(LIMITS.replayedBytes)}`],
    [4, `keeps at most ${count(LIMITS.unacknowledged)} sends unanswered`],
    [4, `and the answers of its last ${count(LIMITS.unacknowledged)} sends`],
    [5, `at most ${count(LIMITS.listedUsers)} users`],
    [5, `Above ${count(LIMITS.announcedUsers)} users`],
    [5, `the states of its first ${count(LIMITS.listedStates)} users`],
    [7, `An \`error\` frame is at most ${kib(LIMITS.errorBytes)}`],
    [8, `for ${String(LIMITS.helloMs / 1000)} s`],
    [2, `\`ch\` is a text of 1 to ${count(LIMITS.channelLength)} characters`],
    [3, "any text of 1 to 128 code points, at most 512 bytes of UTF-8"],
    [3, "U+200B–200F, U+202A–202E, U+2066–2069 and U+FEFF. It is not `all`."],
    [
      2,
      "**Every frame whose `$.seq` can be read is answered with this `seq` as `$.re`, whatever else is wrong with the frame**",
    ],
    [3, "**Five things set a position, and nothing else:"],
    [
      3,
      "**The frames after a `welcome` come in this order: each `gap`, each [`left`](#left), then the replays",
    ],
    [3, "With `recovered: true` the `off` is the client's own position"],
    [3, "to `all` unless the application refuses it (`forbidden`, below)"],
    [3, "the epoch `-` and the offset 0"],
    [
      4,
      "**A send is repeated only within 4 minutes after it was first written, and only after a `welcome` whose `forgotten` is not `true`.**",
    ],
    [4, "**A repeated send waits for its room**: the rooms of a `hello` are decided before its `welcome`"],
    [4, "**its `seq` counts as used**"],
    [4, "A `leave` waits for every send that came before it"],
    [4, "A send for a room waits for each `join` and `leave` of this room that came before it"],
    [4, "a failed request uses its `id`"],
    [3, "Both ends bring a name into Unicode's composed form, NFC, before they compare or measure it"],
    [3, `more than ${count(MAX_ROOM_NAME_LENGTH)} UTF-16 units is no name`],
    [1, `\`${CLIENT_ID.source}\``],
    [1, `**\`${SUBPROTOCOL}\`**`],
    [1, `\`${TICKET_PREFIX}<ticket>\``],
  ])("states in section %i: %s", (number, text) => {
    expect(section(number).replaceAll(/\s+/g, " ")).toContain(text);
  });

  it("states how many issues an error carries", () => {
    expect(LIMITS.errorIssues).toBe(5);
    expect(page).toContain("`issues?` at most five");
  });

  it("shows the default limits in the example of a welcome", () => {
    const { limits } = serverMessages.welcome.parse(
      messagesOf("server").find(({ type }) => type === "welcome")?.example,
    );
    expect(limits.messageBytes).toBe(LIMITS.messageBytes);
    expect(limits.unacknowledged).toBe(LIMITS.unacknowledged);
  });
});
