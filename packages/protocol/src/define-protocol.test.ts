import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { BUILTIN_TYPES } from "./builtins.ts";
import { applicationError } from "./application-error.ts";
import { isErrorOf } from "./error-of.ts";
import { HalyardError } from "./errors.ts";
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
    expect(message(schema)).toMatchObject({ schema, ephemeral: false, relayed: false, policy: {} });
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
    expect(request({ input, output })).toMatchObject({ input, output, policy: {} });
    expect(request({ input, output, repeatable: true, requires: { role: "admin" } }).policy).toMatchObject({
      repeatable: true,
      requires: { role: "admin" },
    });
  });
});

describe("defineProtocol", () => {
  it("makes a complete contract out of an empty definition", () => {
    const nothing = { clientMessages: {}, serverMessages: {}, requests: {}, serverRequests: {}, errors: {} };
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
      errors: {},
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

  it.each([
    { everyMs: -1 },
    { everyMs: Number.NaN },
    { everyMs: 10_001 },
    { everyMs: "50" },
    { keep: "first" },
    "latest",
    null,
    50,
  ])("throws a TypeError when a message is ephemeral as %j", (ephemeral) => {
    const stroke = message(z.object({}), { ephemeral } as never);
    expect(() => untyped.defineProtocol({ clientMessages: { stroke } })).toThrow(
      /^stroke: ephemeral is true, /,
    );
    expect(() => untyped.defineProtocol({ serverMessages: { stroke } })).toThrow(TypeError);
  });

  it.each([true, {}, { everyMs: 0 }, { keep: "latest" }, { everyMs: 10_000, keep: "all" }] as const)(
    "makes an ephemeral message of %j",
    (ephemeral) => {
      const stroke = message(z.object({}), { ephemeral });
      expect(stroke.ephemeral).toBe(true);
      expect(defineProtocol({ clientMessages: { stroke } }).clientMessages.stroke.policy.ephemeral).toBe(
        ephemeral,
      );
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

describe("the rules of a contract", () => {
  const nothing = z.object({});
  it.each([
    [{ clientMessages: { a: message(nothing, { room: "optional" } as never) } }, 'a: room is "required"'],
    [{ requests: { a: request({ output: nothing, room: true } as never) } }, 'a: room is "required"'],
    [
      { clientMessages: { a: message(nothing, { requires: { role: [] } } as never) } },
      "a: requires is { role }",
    ],
    [{ requests: { a: request({ output: nothing, requires: {} } as never) } }, "a: requires is { role }"],
    [{ clientMessages: { a: message(nothing, { relay: "rooms" } as never) } }, 'a: relay is "room" or "all"'],
    [{ clientMessages: { a: message(nothing, { relay: false } as never) } }, 'a: relay is "room" or "all"'],
    [{ serverMessages: { a: message(nothing, { room: "required" }) } }, "a: room is a rule for what clients"],
    [{ serverMessages: { a: message(nothing, { relay: "all" }) } }, "a: relay is a rule for what clients"],
    [
      { serverMessages: { a: message(nothing, { requires: { role: "admin" } }) } },
      "a: requires is a rule for what clients",
    ],
    [
      { serverMessages: { a: message(nothing, { result: nothing }) } },
      "a: result is a rule for what clients",
    ],
    [
      { clientMessages: { a: message(nothing, { ephemeral: true, result: nothing } as never) } },
      "a: an ephemeral message has no receipt",
    ],
    [
      { clientMessages: { a: message(nothing, { relay: "all", result: nothing } as never) } },
      "a: a relayed message has no handler",
    ],
    [
      { serverRequests: { a: request({ output: nothing, room: "required" }) } },
      "a: room is for what clients",
    ],
    [
      {
        requests: { a: request({ output: nothing, requires: {} } as never) },
        clientMessages: { a: message(nothing) },
      },
      "a: requires is { role }",
    ],
    [
      {
        serverMessages: { a: message(nothing, { ephemeral: "latest" } as never) },
        clientMessages: { a: message(nothing) },
      },
      "a: ephemeral is true",
    ],
    [
      {
        requests: { a: { ...request({ output: nothing }), input: {} } },
        serverRequests: { a: request({ output: nothing }) },
      },
      "this is none",
    ],
    [{ errors: { forbidden: nothing } }, "forbidden is an error code of Halyard's own"],
    [{ errors: { halyard_a: nothing } }, "halyard_a is an error code of Halyard's own"],
    [{ errors: { "out of stock": nothing } }, "out of stock: an error code has 1 to 64 letters"],
  ])("that has no meaning is a TypeError at the start: %#, %s [s-P1] [s-P8]", (definition, text) => {
    expect(() => untyped.defineProtocol(definition as never)).toThrow(text);
  });

  it("are on the objects, as their types say [s-P1]", () => {
    expect(message(nothing, { relay: "room" })).toMatchObject({ room: "required", relayed: true });
    expect(message(nothing, { relay: "all" })).toMatchObject({ room: "optional" });
    expect(request({ output: nothing, requires: { role: "admin" } })).toMatchObject({
      room: "optional",
      role: "admin",
    });
  });
});

describe("an error of the contract", () => {
  const protocol = defineProtocol({
    errors: {
      out_of_stock: z.object({ left: z.int() }),
      gone: z.undefined(),
      slow: z.string().refine(async () => true),
    },
  });

  it("is a HalyardError with the data of its schema, which another end recognises [s-P8]", () => {
    const error: unknown = applicationError(protocol, "out_of_stock", { left: 2 });
    expect(error).toBeInstanceOf(HalyardError);
    expect(error).toMatchObject({ code: "out_of_stock", message: "out of stock", retryable: false });
    expect(isErrorOf<typeof protocol>(error) && error.code === "out_of_stock" && error.data.left).toBe(2);
    expect(applicationError(protocol, "gone", undefined, "Gone.")).toMatchObject({ message: "Gone." });
    expect(isErrorOf(new Error("internal"))).toBe(false);
  });

  it.each([
    ["toString", undefined, "toString is not among the errors of the contract"],
    ["out_of_stock", { left: "2" }, "the data of out_of_stock does not fit its schema: left"],
    ["gone", 5, "the data of gone does not fit its schema"],
    ["slow", "a", "slow: the schema of an error answers at once"],
  ])("that does not fit is a TypeError where it is thrown: %s with %j [s-P8]", (code, data, text) => {
    expect(() => applicationError(protocol, code as "out_of_stock", data as never)).toThrow(text);
  });
});
