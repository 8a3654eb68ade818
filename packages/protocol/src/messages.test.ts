import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS, normalizeRoomName, ROOM_NAME_RULE } from "./limits.ts";
import { ClientFrame, clientMessages, outgoingMessages, roomName, serverMessages } from "./messages.ts";

const hello = { type: "hello", clientId: "q3vJm0dZyUe1aXcLr8tWsA", attempt: 1 };
const position = (ch: string): object => ({ ch, epoch: "k3d9", off: 1 });
const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown): boolean =>
  schema.safeParse(value).success;

describe("hello", () => {
  it("parses a hello without positions and rooms as one with none of them", () => {
    expect(clientMessages.hello.parse(hello)).toEqual({ ...hello, positions: [], rooms: [] });
  });

  it("accepts any text as a room of a hello, and any number of rooms and positions", () => {
    const rooms = ["", "all", "x".repeat(1_001), ...Array.from({ length: 1_000 }, (_, n) => `r${String(n)}`)];
    const positions = [`user:${"u".repeat(2_000)}`, ...rooms.map((room) => `room:${room}`)].map(position);
    expect(clientMessages.hello.parse({ ...hello, rooms, positions })).toEqual({
      ...hello,
      rooms,
      positions,
    });
  });

  it.each([
    ["a client id that is too short", { clientId: "x".repeat(15) }],
    ["a client id that is too long", { clientId: "x".repeat(65) }],
    ["a client id with a blank", { clientId: "x".repeat(16) + " " }],
    ["attempt 0", { attempt: 0 }],
    ["half an attempt", { attempt: 1.5 }],
    ["a negative offset", { positions: [{ ...position("all"), off: -1 }] }],
    ["half an offset", { positions: [{ ...position("all"), off: 0.5 }] }],
    ["an offset that is no safe integer", { positions: [{ ...position("all"), off: 2 ** 53 }] }],
    ["a position without a channel", { positions: [{ epoch: "k3d9", off: 1 }] }],
    ["a room that is no text", { rooms: [1] }],
  ])("rejects a hello with %s", (_, change) => {
    expect(accepts(clientMessages.hello, { ...hello, ...change })).toBe(false);
  });
});

/** What the rule tells apart: plain, composed and combining characters, pairs and halves of pairs, what is forbidden. */
const UNITS = [
  "a",
  "/",
  "\u00fc",
  "u",
  "\u0308",
  "\u0315",
  "\u0344",
  "\ud83d\ude00",
  "\ud83d",
  "\0",
  "\u200d",
  "\ufeff",
  "\u2029",
];

describe("roomName", () => {
  it.each([
    "a",
    "a.b:c_d",
    "__proto__",
    "x".repeat(128),
    "a b",
    "a/b",
    "*",
    "{tag}",
    "Zürich",
    "😀".repeat(128),
  ])("accepts the room name %j", (name) => {
    expect(roomName.parse(name)).toBe(name);
    expect(normalizeRoomName(name)).toBe(name);
  });

  it.each([
    "",
    "all",
    "x".repeat(129),
    "😀".repeat(129),
    "a\n",
    "\0",
    "\u009f",
    "\ud800",
    "a\u200d",
    "\u2069",
    "\ufeff",
    "a" + "\u0327\u0301".repeat(15) + "\u0301",
    "e" + "\u0301".repeat(31),
    // Sixteen marks that are composed into 32.
    "a" + "\u0344".repeat(16),
  ])("rejects the room name %j, and says the rule", (name) => {
    expect(roomName.safeParse(name).error?.issues).toMatchObject([{ message: ROOM_NAME_RULE }]);
    expect(normalizeRoomName(name)).toBeUndefined();
  });

  it("gives a name in its composed form, which is the one that is measured", () => {
    expect(roomName.parse("u\u0308".repeat(128))).toBe("ü".repeat(128));
    expect(normalizeRoomName("u\u0308".repeat(128))).toBe("ü".repeat(128));
  });

  it("has for any text the answer of normalizeRoomName, and at most 512 bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 140 }), (text) => {
        const name = normalizeRoomName(text);
        expect(roomName.safeParse(text).data).toBe(name);
        if (name === undefined) return;
        expect(normalizeRoomName(name)).toBe(name);
        expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(512);
      }),
    );
  });

  it("has at most 30 combining marks in a row, and any number of them in all", () => {
    const name = ("b" + "\u0327".repeat(15) + "\u0301".repeat(15)).repeat(4);
    expect(roomName.parse(name)).toBe(name);
    expect(normalizeRoomName(name)).toBe(name);
  });

  it("rejects a long text without composing it, which could take long", () => {
    const text = "a" + "\u0315\u0300".repeat(500_000);
    const start = performance.now();
    expect(normalizeRoomName(text)).toBeUndefined();
    expect(accepts(roomName, text)).toBe(false);
    expect(performance.now() - start).toBeLessThan(50);
  });
});

describe("the content of a chat message", () => {
  it("has at least one character and at most as many as a frame holds", () => {
    const chat = (content: string): object => ({ type: "chat_message", content });
    expect(accepts(ClientFrame, chat("x"))).toBe(true);
    expect(accepts(ClientFrame, chat(""))).toBe(false);
    expect(accepts(ClientFrame, chat("x".repeat(16 * LIMITS.messageBytes + 1)))).toBe(false);
  });

  it("replaces lone surrogates by U+FFFD in the text that the server sends", () => {
    expect(outgoingMessages.chat_message.parse({ content: "a\ud800b😀" }).content).toBe("a\ufffdb😀");
    expect(outgoingMessages.announcement.parse({ message: "\udfff" }).message).toBe("\ufffd");
  });
});

describe("a message of the server", () => {
  it("shows only the public fields of a user", () => {
    const from = { userId: "u1", name: "Ada", connectedAt: "2026-11-23T09:00:00.000Z" };
    const secret = { ...from, email: "ada@example.com", passwordHash: "x" };
    expect(outgoingMessages.chat_message.parse({ content: "a", from: secret }).from).toEqual(from);
    const list = { type: "user_list", users: [secret], total: 1 };
    expect(serverMessages.user_list.parse(list).users).toEqual([from]);
  });

  it("lists at most 200 users in one user_list", () => {
    const user = { userId: "u1", name: "Ada", connectedAt: "2026-11-23T09:00:00.000Z" };
    const list = (count: number): object => ({
      type: "user_list",
      users: Array.from({ length: count }, () => user),
      total: count,
    });
    expect(accepts(serverMessages.user_list, list(LIMITS.listedUsers))).toBe(true);
    expect(accepts(serverMessages.user_list, list(LIMITS.listedUsers + 1))).toBe(false);
  });
});
