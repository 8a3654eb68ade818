import { describe, expect, it } from "vitest";
import { LIMITS } from "./limits.ts";
import { ClientFrame, clientMessages, outgoingMessages, roomName, serverMessages } from "./messages.ts";

const hello = { type: "hello", clientId: "q3vJm0dZyUe1aXcLr8tWsA", attempt: 1 };
const position = (ch: string): object => ({ ch, epoch: "k3d9", off: 1 });
const accepts = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown): boolean =>
  schema.safeParse(value).success;

describe("hello", () => {
  it("has no positions and no rooms unless it says so", () => {
    expect(clientMessages.hello.parse(hello)).toEqual({ ...hello, positions: [], rooms: [] });
  });

  it("names at most 100 rooms, and a position for each of them, for all and for its user", () => {
    const rooms = Array.from({ length: LIMITS.rooms }, (_, n) => `r${String(n)}`);
    const positions = ["all", "user:u1", ...rooms.map((room) => `room:${room}`)].map(position);
    expect(accepts(clientMessages.hello, { ...hello, rooms, positions })).toBe(true);
    expect(accepts(clientMessages.hello, { ...hello, rooms: [...rooms, "x"] })).toBe(false);
    expect(accepts(clientMessages.hello, { ...hello, positions: [...positions, position("room:x")] })).toBe(
      false,
    );
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
    ["a room that is a pattern", { rooms: ["*"] }],
  ])("does not take %s", (_, change) => {
    expect(accepts(clientMessages.hello, { ...hello, ...change })).toBe(false);
  });
});

describe("a room's name", () => {
  it.each(["a", "team-7", "a.b:c_d", "__proto__", "x".repeat(128)])("may be %j", (name) => {
    expect(accepts(roomName, name)).toBe(true);
  });

  it.each(["", "x".repeat(129), "a b", "a/b", "*", "[a]", "?", "{tag}", "a\n", "\0", "ä", "\ud800", "😀"])(
    "is never %j",
    (name) => {
      expect(accepts(roomName, name)).toBe(false);
    },
  );
});

describe("the content of a chat message", () => {
  it("is at least one character, at most what a frame holds", () => {
    const chat = (content: string): object => ({ type: "chat_message", content });
    expect(accepts(ClientFrame, chat("x"))).toBe(true);
    expect(accepts(ClientFrame, chat(""))).toBe(false);
    expect(accepts(ClientFrame, chat("x".repeat(LIMITS.messageBytes + 1)))).toBe(false);
  });

  it("is text when it goes out, too: lone surrogates become U+FFFD", () => {
    expect(outgoingMessages.chat_message.parse({ content: "a\ud800b😀" }).content).toBe("a\ufffdb😀");
    expect(outgoingMessages.announcement.parse({ message: "\udfff" }).message).toBe("\ufffd");
  });
});

describe("what goes out", () => {
  it("shows of a user the public fields only", () => {
    const from = { userId: "u1", name: "Ada", connectedAt: "2026-11-23T09:00:00.000Z" };
    const secret = { ...from, email: "ada@example.com", passwordHash: "x" };
    expect(outgoingMessages.chat_message.parse({ content: "a", from: secret }).from).toEqual(from);
    const list = { type: "user_list", users: [secret], total: 1 };
    expect(serverMessages.user_list.parse(list).users).toEqual([from]);
  });

  it("lists at most 200 users", () => {
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
