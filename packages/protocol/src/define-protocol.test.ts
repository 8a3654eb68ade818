import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { BUILTIN_TYPES } from "./builtins.ts";
import { defineProtocol, message, request } from "./define-protocol.ts";
import type { MessageMap, RequestMap } from "./definition.ts";

/** As a caller without types would: the compiler stops all of this before it runs. */
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
  it("is retained and not relayed unless it says so", () => {
    const schema = z.object({ x: z.number() });
    expect(message(schema)).toEqual({ schema, ephemeral: false, relayed: false, policy: {} });
  });

  it("carries how it travels", () => {
    const policy = { ephemeral: true, relay: "room", requires: { role: "admin" } } as const;
    expect(message(z.object({}), policy)).toMatchObject({ ephemeral: true, relayed: true, policy });
    expect(message(z.object({}), { relay: "all" })).toMatchObject({ ephemeral: false, relayed: true });
  });

  it.each([
    ["zod", z.object({ type: z.string() }), "type"],
    ["zod", z.object({ $: z.string() }), "$"],
    ["zod/mini", mini.object({ type: mini.string() }), "type"],
    ["zod/mini", mini.object({ $: mini.string() }), "$"],
  ])("throws a TypeError where a schema of %s has a field of Halyard's own", (_, schema, field) => {
    expect(() => untyped.message(schema)).toThrow(
      new TypeError(`Halyard writes the field ${field} itself: choose another name`),
    );
  });

  it("takes schemas that are no plain objects", () => {
    const schema = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]);
    expect(message(schema).schema).toBe(schema);
  });
});

describe("request", () => {
  it("keeps its two schemas, and its policy beside them", () => {
    const [input, output] = [z.object({ room: z.string() }), z.array(z.string())];
    expect(request({ input, output })).toEqual({ input, output, policy: {} });
    expect(request({ input, output, repeatable: true, requires: { role: "admin" } }).policy).toEqual({
      repeatable: true,
      requires: { role: "admin" },
    });
  });
});

describe("defineProtocol", () => {
  it("is complete without anything", () => {
    const nothing = { clientMessages: {}, serverMessages: {}, requests: {}, serverRequests: {} };
    expect(defineProtocol({})).toEqual(nothing);
  });

  it("keeps what it is given", () => {
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
    "throws a TypeError where what the server asks has the policy %j",
    (policy) => {
      const asked = request({ input: z.undefined(), output: z.int(), ...policy });
      expect(() => untyped.defineProtocol({ serverRequests: { asked } })).toThrow(TypeError);
    },
  );

  it("does not take the name of an inherited property for one of its own", () => {
    const inherited = { toString: message(z.object({})), constructor: message(z.object({})) };
    expect(() => untyped.defineProtocol({ clientMessages: inherited })).not.toThrow();
    expect(() =>
      untyped.defineProtocol({ requests: Object.create({ users: 1 }) as RequestMap }),
    ).not.toThrow();
  });
});
