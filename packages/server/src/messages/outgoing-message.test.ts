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

function prepare(value: object | string): EncodedMessage & { readonly message: Record<string, unknown> } {
  const prepared = encodeOutgoing(value, { types, now: () => Date.parse(NOW) });
  if (prepared instanceof Promise) throw new Error("not at once");
  return { ...prepared, message: JSON.parse(prepared.json) as Record<string, unknown> };
}

const ada = { userId: "ada", name: "Ada", connectedAt: NOW };
/** As it comes out of a database. */
const row = { ...ada, email: "ada@example.com", passwordHash: "secret" };

describe("what the application sends", () => {
  it("is what its schema lets through: nothing private goes out by accident", () => {
    const { message: sent } = prepare({ type: "poll_result", votes: [1, 2], author: row, $: { ch: "all" } });
    expect(sent).toEqual({ type: "poll_result", votes: [1, 2], closed: false });
  });

  it("may be JSON text, which is checked just the same", () => {
    const text = JSON.stringify({ type: "poll_result", votes: [], passwordHash: "secret" });
    expect(prepare(text).json).toBe('{"type":"poll_result","votes":[],"closed":false}');
  });

  it.each([
    ["an unknown type", { type: "nonsense" }],
    ["a type that only clients send", { type: "vote", option: 1 }],
    ["a control message", { type: "welcome" }],
    ["no type", { content: "a" }],
    ["a type that is no text", { type: 1 }],
    ["a property of every object", { type: "constructor" }],
    ["a field that does not fit", { type: "poll_result", votes: ["a"] }],
    ["a chat message without content", { type: "chat_message", content: "" }],
    ["text that is not JSON", "hello"],
    ["text that is no object", "null"],
    ["text that is a list", "[]"],
  ])("throws a TypeError at once when it is %s", (_, value) => {
    expect(() => prepare(value)).toThrow(TypeError);
  });

  it("says what is wrong with it", () => {
    expect(() => prepare({ type: "poll_result", votes: [1, "a"] })).toThrow(
      /^poll_result is not valid: votes\[1\]: /,
    );
  });

  it("may take its schema's time, and rejects then", async () => {
    const ask = (name: string): Promise<EncodedMessage> =>
      Promise.resolve(encodeOutgoing({ type: "checked", name }, { types, now: () => 0 }));
    expect((await ask("free")).json).toBe('{"type":"checked","name":"free"}');
    await expect(ask("taken")).rejects.toThrow(TypeError);
  });

  it("is ephemeral where its type is", () => {
    expect(prepare({ type: "blink" }).ephemeral).toBe(true);
    expect(prepare({ type: "typing_indicator", userId: "ada", isTyping: true }).ephemeral).toBe(true);
    expect(prepare({ type: "poll_result", votes: [] }).ephemeral).toBe(false);
  });

  it("has an id that nobody can guess", () => {
    const ids = Array.from({ length: 100 }, () => prepare({ type: "blink" }).id);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
  });
});

describe("a chat message of the server", () => {
  it("is complete: id, author, time", () => {
    const { message: sent, id } = prepare({ type: "chat_message", content: "hello" });
    expect(sent).toEqual({
      type: "chat_message",
      id,
      content: "hello",
      from: { userId: "server", name: "Server", connectedAt: NOW },
      sentAt: NOW,
    });
    expect(ServerFrame.safeParse(sent).success).toBe(true);
  });

  it("shows of its author the public fields only", () => {
    expect(prepare({ type: "chat_message", content: "a", from: row }).message["from"]).toEqual(ada);
  });

  it("keeps an id that it is given, and is stored once under it and its author", () => {
    const chat = { type: "chat_message", id: "m1", content: "a", from: ada };
    const { id, idempotencyKey } = prepare(chat);
    expect(id).toBe("m1");
    expect(prepare({ ...chat, content: "b" }).idempotencyKey).toBe(idempotencyKey);
    expect(prepare({ ...chat, id: "m2" }).idempotencyKey).not.toBe(idempotencyKey);
    expect(prepare({ ...chat, from: { ...ada, userId: "eve" } }).idempotencyKey).not.toBe(idempotencyKey);
  });

  it("is text: lone surrogates become U+FFFD", () => {
    expect(prepare({ type: "chat_message", content: "a\ud800" }).message["content"]).toBe("a\ufffd");
  });
});

describe("an announcement", () => {
  it("is complete: id and time", () => {
    const {
      message: sent,
      id,
      idempotencyKey,
    } = prepare({ type: "announcement", message: "soon", sentAt: "never" });
    expect(sent).toEqual({ type: "announcement", id, message: "soon", sentAt: NOW });
    expect(idempotencyKey).toBeUndefined();
  });
});

describe("a message that the server relays", () => {
  it("has an author when it is given one, with the public fields only", () => {
    expect(prepare({ type: "cursor_moved", x: 1, from: row }).message).toEqual({
      type: "cursor_moved",
      x: 1,
      from: ada,
    });
    expect(prepare({ type: "cursor_moved", x: 1 }).message).toEqual({ type: "cursor_moved", x: 1 });
  });

  it("throws a TypeError for an author that is none", () => {
    expect(() => prepare({ type: "cursor_moved", x: 1, from: { id: "ada" } })).toThrow(TypeError);
  });
});
