import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { BUILTIN_TYPES } from "./builtins.ts";
import { defineProtocol, message, request } from "./define-protocol.ts";
import type { MessageMap, RequestMap } from "./definition.ts";

/** The functions as a caller without types has them: the compiler rejects each wrong call below. */
const untyped = {
  message: message as (schema: unknown, policy?: object) => unknown,
  defineProtocol: defineProtocol as (definition: {
    clientMessages?: MessageMap;
    serverMessages?: MessageMap;
    requests?: RequestMap;
    serverRequests?: RequestMap;
  }) => unknown,
};

describe("message", () => {
  it("defines a retained message that is not relayed, unless a policy is given", () => {
    const schema = z.object({ x: z.number() });
    expect(message(schema)).toEqual({ schema, ephemeral: false, relayed: false, policy: {} });
  });

  it("keeps the policy of a message, and derives ephemeral and relayed from it", () => {
    const policy = { ephemeral: true, relay: "room", requires: { role: "admin" } } as const;
    expect(message(z.object({}), policy)).toMatchObject({ ephemeral: true, relayed: true, policy });
    expect(message(z.object({}), { relay: "all" })).toMatchObject({ ephemeral: false, relayed: true });
  });

  it.each([
    ["zod", z.object({ type: z.string() }), "type"],
    ["zod", z.object({ $: z.string() }), "$"],
    ["zod/mini", mini.object({ type: mini.string() }), "type"],
    ["zod/mini", mini.object({ $: mini.string() }), "$"],
  ])("throws a TypeError when a schema of %s has a field type or $", (_, schema, field) => {
    expect(() => untyped.message(schema)).toThrow(
      new TypeError(`Halyard writes the field ${field} itself: choose another name`),
    );
  });

  it("accepts a union of objects as the schema of a message", () => {
    const schema = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]);
    expect(message(schema).schema).toBe(schema);
  });
});

describe("request", () => {
  it("keeps the two schemas of a request, and its policy beside them", () => {
    const [input, output] = [z.object({ room: z.string() }), z.array(z.string())];
    expect(request({ input, output })).toEqual({ input, output, policy: {} });
    expect(request({ input, output, repeatable: true, requires: { role: "admin" } }).policy).toEqual({
      repeatable: true,
      requires: { role: "admin" },
    });
  });
});

describe("defineProtocol", () => {
  it("makes a complete contract out of an empty definition", () => {
    const nothing = { clientMessages: {}, serverMessages: {}, requests: {}, serverRequests: {} };
    expect(defineProtocol({})).toEqual(nothing);
  });

  it("keeps the messages and requests that it is given", () => {
    const clientMessages = { poll_vote: message(z.object({ option: z.int() })) };
    const requests = { history: request({ input: z.object({}), output: z.array(z.string()) }) };
    const serverRequests = { viewport: request({ input: z.undefined(), output: z.int() }) };
    expect(defineProtocol({ clientMessages, requests, serverRequests })).toEqual({
      clientMessages,
      serverMessages: {},
      requests,
      serverRequests,
    });
  });

  it.each(BUILTIN_TYPES)("throws a TypeError for a message called %s, in both directions", (type) => {
    const own = { [type]: message(z.object({})) };
    const error = new TypeError(`${type} is a message type of Halyard's own: choose another name`);
    expect(() => untyped.defineProtocol({ clientMessages: own })).toThrow(error);
    expect(() => untyped.defineProtocol({ serverMessages: own })).toThrow(error);
  });

  it("throws a TypeError for a request called users", () => {
    const users = request({ input: z.object({}), output: z.object({}) });
    const error = new TypeError("users is a request of Halyard's own: choose another name");
    expect(() => untyped.defineProtocol({ requests: { users } })).toThrow(error);
  });

  it.each([{ repeatable: true }, { requires: { role: "admin" } }])(
    "throws a TypeError when a server request has the policy %j",
    (policy) => {
      const confirm = request({ input: z.undefined(), output: z.int(), ...policy });
      expect(() => untyped.defineProtocol({ serverRequests: { confirm } })).toThrow(TypeError);
    },
  );

  it("accepts the names of inherited properties, toString and constructor, as message types", () => {
    const inherited = { toString: message(z.object({})), constructor: message(z.object({})) };
    expect(() => untyped.defineProtocol({ clientMessages: inherited })).not.toThrow();
    expect(() =>
      untyped.defineProtocol({ requests: Object.create({ users: 1 }) as RequestMap }),
    ).not.toThrow();
  });
});
