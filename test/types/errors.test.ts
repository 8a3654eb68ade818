import { describe, expect, it } from "vitest";
import { Editor } from "./editor.ts";

const PRELUDE = `import { z } from "zod";
import { defineProtocol, message, request } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { createWebSocketClient } from "@halyard/client";
import { createHalyardReact } from "@halyard/react";
import { protocol } from "./protocol.ts";
import type { AppProtocol } from "./protocol.ts";
export const use = [z, defineProtocol, message, request, createWebSocketSystem, createWebSocketClient, protocol];
export type Use = AppProtocol;
export const { useMessages, useMyPresence, useRequest } = createHalyardReact<AppProtocol>();
`;

/** Wrong code, with the text and the position of the compiler's message. */
const CASES: readonly {
  readonly name: string;
  readonly code: string;
  readonly texts: string[];
  readonly at?: string;
}[] = [
  {
    name: "a message type of Halyard's own",
    code: `defineProtocol({ clientMessages: { chat_message: message(z.object({})) } });`,
    texts: ["chat_message is a message type of Halyard's own: choose another name"],
    at: "chat_message",
  },
  {
    name: "a control message's type, on the server's side",
    code: `defineProtocol({ serverMessages: { welcome: message(z.object({})) } });`,
    texts: ["welcome is a message type of Halyard's own: choose another name"],
    at: "welcome",
  },
  {
    name: "a Date in what a client sends",
    code: `defineProtocol({ clientMessages: { met: message(z.object({ at: z.date() })) } });`,
    texts: ["at: JSON turns a Date into a string, use z.iso.datetime()"],
    at: "met",
  },
  {
    name: "a Date deep inside of a reply",
    code: `defineProtocol({ requests: { day: request({ input: z.void(), output: z.array(z.object({ on: z.object({ at: z.date() }) })) }) } });`,
    texts: ["output[].on.at: JSON turns a Date into a string, use z.iso.datetime()"],
    at: "day",
  },
  {
    name: "a bigint",
    code: `defineProtocol({ serverMessages: { sum: message(z.object({ total: z.bigint() })) } });`,
    texts: ["total: JSON cannot carry this type"],
    at: "sum",
  },
  {
    name: "a Map",
    code: `defineProtocol({ serverMessages: { all: message(z.object({ by: z.map(z.string(), z.string()) })) } });`,
    texts: ["by: JSON cannot carry this type"],
    at: "all",
  },
  {
    name: "a field named type",
    code: `message(z.object({ type: z.string() }));`,
    texts: ["Halyard writes the field type itself: choose another name"],
  },
  {
    name: "a field named $",
    code: `message(z.object({ $: z.string() }));`,
    texts: ["Halyard writes the field $ itself: choose another name"],
  },
  {
    name: "a message that is a list",
    code: `message(z.array(z.string()));`,
    texts: ["a message is an object, not an array"],
  },
  {
    name: "an undefined message, with the names that exist",
    code: `createWebSocketClient<AppProtocol>({ url: "" }).send("poll_votes", {});`,
    texts: ['"poll_votes"', '"poll_vote"', '"chat_message"'],
    at: '"poll_votes"',
  },
  {
    name: "a handler for an undefined message, with the names that exist",
    code: `createWebSocketSystem({ protocol }).handlers.on("pol_vote", () => {});`,
    texts: ['"pol_vote"', '"poll_vote"'],
    at: '"pol_vote"',
  },
  {
    name: "an undefined request, with the names that exist",
    code: `createWebSocketClient<AppProtocol>({ url: "" }).request("history", {});`,
    texts: ['"history"', '"load_history"'],
    at: '"history"',
  },
  {
    name: "a field of another type",
    code: `createWebSocketClient<AppProtocol>({ url: "" }).send("poll_vote", { pollId: 5, option: 1 });`,
    texts: ["Type 'number' is not assignable to type 'string'."],
    at: "pollId",
  },
  {
    name: "a role that no user has [s-S11]",
    code: `const roles = defineProtocol({ clientMessages: { ban: message(z.object({ id: z.string() }), { requires: { role: "admin" } }) } });
createWebSocketSystem({ protocol: roles, authenticate: () => ({ user: { id: "ada" } }) });`,
    texts: ["the contract has requires: { role }, and authenticate gives users without a role"],
    at: "protocol",
  },
  {
    name: "a role of a request that no user has [s-S11]",
    code: `const roles = defineProtocol({ requests: { all: request({ output: z.array(z.string()), requires: { role: "admin" } }) } });
createWebSocketSystem({ protocol: roles });`,
    texts: [
      "Property 'authenticate' is missing",
      "the contract has requires: { role }, and only authenticate can give users one",
    ],
    at: "{ protocol: roles }",
  },
  {
    name: "a message of a room that is sent without one",
    code: `const rooms = defineProtocol({ clientMessages: { move: message(z.object({ to: z.string() }), { room: "required" }) } });
createWebSocketClient<typeof rooms>({ url: "" }).send("move", { to: "e4" });`,
    texts: ['move needs a room: client.join(room).send(\\"move\\", …)'],
    at: '"move"',
  },
  {
    name: "a message of a room that has no fields, and is sent without one",
    code: `const rooms = defineProtocol({ clientMessages: { resign: message(z.object({}), { room: "required" }) } });
createWebSocketClient<typeof rooms>({ url: "" }).send("resign");`,
    texts: ['resign needs a room: client.join(room).send(\\"resign\\", …)'],
    at: '"resign"',
  },
  {
    name: "a request of a room that has no input, and is asked without one",
    code: `const rooms = defineProtocol({ requests: { board: request({ output: z.string(), room: "required" }) } });
createWebSocketClient<typeof rooms>({ url: "" }).request("board");`,
    texts: ['board needs a room: client.join(room).request(\\"board\\", …)'],
    at: '"board"',
  },
  {
    name: "the input that a request lacks",
    code: `createWebSocketClient<AppProtocol>({ url: "" }).join("a").request("load_history");`,
    texts: ["Expected 2-3 arguments", "Arguments for the rest parameter 'input' were not provided."],
    at: "request",
  },
  {
    name: "the fields that a message lacks",
    code: `createWebSocketClient<AppProtocol>({ url: "" }).join("a").send("poll_vote");`,
    texts: ["Arguments for the rest parameter 'fields' were not provided."],
    at: "send",
  },
  {
    name: "a handler that returns no result, with the result",
    code: `const results = defineProtocol({ clientMessages: { move: message(z.object({ to: z.string() }), { result: z.object({ ply: z.int() }) }) } });
createWebSocketSystem({ protocol: results }).handlers.on("move", () => {});`,
    texts: ["Type 'void' is not assignable to type '{ ply: number; } | Promise<{ ply: number; }>'"],
    at: "() => {}",
  },
  {
    name: "a reply of another type",
    code: `createWebSocketSystem({ protocol }).handlers.onRequest("load_history", () => [{ id: 5 }]);`,
    texts: ["Type 'number' is not assignable to type 'string'."],
    at: "id",
  },
  {
    name: "a row of a list that has no id",
    code: `useMessages("chat_message", { load: () => Promise.resolve([{ content: "" }]) });`,
    texts: ["Property 'id' is missing in type '{ content: string; }' but required in type 'HistoryRow'."],
    at: "load",
  },
  {
    name: "a list of what only the server sends",
    code: `useMessages("poll_result");`,
    texts: ["clients do not send poll_result: hear it with useMessage"],
    at: '"poll_result"',
  },
  {
    name: "a list of what only clients send",
    code: `useMessages("poll_vote", { load: () => Promise.resolve([{ id: "" }]) });`,
    texts: ["the server does not send poll_vote: relay it in the contract, or send it with useSend"],
    at: '"poll_vote"',
  },
  {
    name: "a list of a room's messages without the room",
    code: `useMessages("cursor_moved", {});`,
    texts: ["Property 'room' is missing in type '{}'"],
    at: "{}",
  },
  {
    name: "a presence state that the contract does not have",
    code: `useMyPresence("canvas", { cursor: null });`,
    texts: ["the contract has no state: defineProtocol({ presence: { state: z.object({ … }) } })"],
    at: "{ cursor: null }",
  },
];

describe("the compiler's messages", () => {
  const editor = new Editor();

  it.each(CASES)("the compiler's message names $name", ({ code, texts, at }) => {
    const [mistake, ...others] = editor.mistakesIn(PRELUDE + code);
    expect(others).toEqual([]);
    for (const text of texts) expect(mistake?.text).toContain(text);
    if (at !== undefined) expect(mistake?.at).toBe(at);
    expect(mistake?.text.length).toBeLessThan(1_000);
  });

  it("the compiler reports nothing for correct code", () => {
    expect(editor.mistakesIn(PRELUDE)).toEqual([]);
  });
});
