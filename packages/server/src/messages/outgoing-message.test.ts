import { defineProtocol, message, ServerFrame } from "@halyard/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MessageTypeRegistry } from "./message-types.ts";
import { encodeOutgoing } from "./outgoing-message.ts";
import type { EncodedMessage } from "./outgoing-message.ts";

const NOW = "2026-11-23T09:00:00.000Z";
const protocol = defineProtocol({
  clientMessages: {
    cursor_moved: message(z.object({ x: z.number() }), { ephemeral: true, relay: "room" }),
    vote: message(z.object({ option: z.int() })),
  },
  serverMessages: {
    poll_result: message(z.object({ votes: z.array(z.int()), closed: z.boolean().default(false) })),
    checked: message(
      z.object({ name: z.string().refine(async (name) => Promise.resolve(name !== "taken")) }),
    ),
    blink: message(z.object({}), { ephemeral: true }),
  },
});
const types = new MessageTypeRegistry(protocol);

function encode(value: object | string): EncodedMessage & { readonly message: Record<string, unknown> } {
  const encoded = encodeOutgoing(value, { types, now: () => Date.parse(NOW) });
  if (encoded instanceof Promise) throw new Error("not synchronous");
  return { ...encoded, message: JSON.parse(encoded.json) as Record<string, unknown> };
}

const ada = { userId: "ada", name: "Ada", connectedAt: NOW };
/** A row of a database. */
const row = { ...ada, email: "ada@example.com", passwordHash: "secret" };

describe("a message of the application", () => {
  it("has only the fields of its schema: no private field is sent", () => {
    const { message: sent } = encode({ type: "poll_result", votes: [1, 2], author: row, $: { ch: "all" } });
    expect(sent).toEqual({ type: "poll_result", votes: [1, 2], closed: false });
  });

  it("may be JSON text, which is validated in the same way", () => {
    const text = JSON.stringify({ type: "poll_result", votes: [], passwordHash: "secret" });
    expect(encode(text).json).toBe('{"type":"poll_result","votes":[],"closed":false}');
  });

  it.each([
    ["an unknown type", { type: "nonsense" }],
    ["a type that only clients send", { type: "vote", option: 1 }],
    ["a control message", { type: "welcome" }],
    ["no type", { content: "a" }],
    ["a type that is not a string", { type: 1 }],
    ["the name of an inherited property", { type: "constructor" }],
    ["a field that does not fit its schema", { type: "poll_result", votes: ["a"] }],
    ["a chat message without content", { type: "chat_message", content: "" }],
    ["text that is not JSON", "hello"],
    ["text that is not an object", "null"],
    ["text that is a list", "[]"],
  ])("throws a TypeError at once when it is %s", (_, value) => {
    expect(() => encode(value)).toThrow(TypeError);
  });

  it("throws an error that names the invalid field", () => {
    expect(() => encode({ type: "poll_result", votes: [1, "a"] })).toThrow(
      /^poll_result is not valid: votes\[1\]: /,
    );
  });

  it("may have an asynchronous schema, and rejects when that fails", async () => {
    const ask = (name: string): Promise<EncodedMessage> =>
      Promise.resolve(encodeOutgoing({ type: "checked", name }, { types, now: () => 0 }));
    expect((await ask("free")).json).toBe('{"type":"checked","name":"free"}');
    await expect(ask("taken")).rejects.toThrow(TypeError);
  });

  it("is ephemeral when its type is", () => {
    expect(encode({ type: "blink" }).ephemeral).toBe(true);
    expect(encode({ type: "typing_indicator", userId: "ada", isTyping: true }).ephemeral).toBe(true);
    expect(encode({ type: "poll_result", votes: [] }).ephemeral).toBe(false);
  });

  it("has an id that cannot be guessed", () => {
    const ids = Array.from({ length: 100 }, () => encode({ type: "blink" }).id);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
  });
});

describe("a chat message of the server", () => {
  it("gets an id, an author and a time", () => {
    const { message: sent, id } = encode({ type: "chat_message", content: "hello" });
    expect(sent).toEqual({
      type: "chat_message",
      id,
      content: "hello",
      from: { userId: "server", name: "Server", connectedAt: NOW },
      sentAt: NOW,
    });
    expect(ServerFrame.safeParse(sent).success).toBe(true);
  });

  it("has only the public fields of its author", () => {
    expect(encode({ type: "chat_message", content: "a", from: row }).message["from"]).toEqual(ada);
  });

  it("keeps a given id, and is stored once per id and author", () => {
    const chat = { type: "chat_message", id: "m1", content: "a", from: ada };
    const { id, idempotencyKey } = encode(chat);
    expect(id).toBe("m1");
    expect(encode({ ...chat, content: "b" }).idempotencyKey).toBe(idempotencyKey);
    expect(encode({ ...chat, id: "m2" }).idempotencyKey).not.toBe(idempotencyKey);
    expect(encode({ ...chat, from: { ...ada, userId: "eve" } }).idempotencyKey).not.toBe(idempotencyKey);
  });

  it("has each lone surrogate replaced by U+FFFD", () => {
    expect(encode({ type: "chat_message", content: "a\ud800" }).message["content"]).toBe("a\ufffd");
  });
});

describe("an announcement", () => {
  it("gets an id and a time", () => {
    const {
      message: sent,
      id,
      idempotencyKey,
    } = encode({ type: "announcement", message: "soon", sentAt: "never" });
    expect(sent).toEqual({ type: "announcement", id, message: "soon", sentAt: NOW });
    expect(idempotencyKey).toBeUndefined();
  });
});

describe("a message that the server relays", () => {
  it("has an author when one is given, with the public fields only", () => {
    expect(encode({ type: "cursor_moved", x: 1, from: row }).message).toEqual({
      type: "cursor_moved",
      x: 1,
      from: ada,
    });
    expect(encode({ type: "cursor_moved", x: 1 }).message).toEqual({ type: "cursor_moved", x: 1 });
  });

  it("throws a TypeError for an author that is not a user", () => {
    expect(() => encode({ type: "cursor_moved", x: 1, from: { id: "ada" } })).toThrow(TypeError);
  });
});
