import { defineProtocol, request } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";

const protocol = defineProtocol({
  serverRequests: {
    confirm: request({
      input: z.object({ question: z.string().default("Sure?") }),
      output: z.object({ answer: z.enum(["yes", "no"]), at: z.int().default(1) }),
    }),
    silent: request({ input: z.undefined(), output: z.undefined() }),
  },
});

let system: TestSystem<typeof protocol>;
const create = (config: TestConfig<typeof protocol> = {}): typeof system =>
  (system = new TestSystem({ protocol, builtIns: { presence: false }, ...config }));

/** The requests that a client has received. */
const asked = (ws: FakeSocket) => ws.received("request");
const idOf = (ws: FakeSocket, n = 0): string => asked(ws)[n]?.$?.id ?? "";
const reply = (re: string, result: unknown): object => ({ type: "reply", result, $: { re } });
/** What became of it: its value, or the code of its error. */
const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof HalyardError ? error.code : error));

afterEach(async () => {
  await system.expectToEndCleanly();
});

describe("a request of the server", () => {
  it("resolves with the output of both schemas, in whatever order the replies arrive", async () => {
    const ws = await create().join("ada");
    const [first, second] = [
      system.manager.request(ws, "confirm", {}),
      system.manager.request(ws, "confirm", { question: "b" }),
    ];
    await system.clock.settle();
    expect(asked(ws).map(({ name, input }) => [name, input])).toEqual([
      ["confirm", { question: "Sure?" }],
      ["confirm", { question: "b" }],
    ]);
    await system.say(ws, reply(idOf(ws, 1), { answer: "no", secret: 1 }));
    await system.say(ws, reply(idOf(ws, 0), { answer: "yes", at: 7 }));
    expect(await Promise.all([first, second])).toEqual([
      { answer: "yes", at: 7 },
      { answer: "no", at: 1 },
    ]);
  });

  it("resolves a request that has neither input nor result", async () => {
    const ws = await create().join("ada");
    const silence = system.manager.request(ws, "silent");
    await system.clock.settle();
    expect(asked(ws)[0]).not.toHaveProperty("input");
    await system.say(ws, { type: "reply", $: { re: idOf(ws) } });
    expect(await silence).toBeUndefined();
  });

  it.each([
    ["an error", { type: "error", code: "conflict", message: "Busy.", retryable: false }, "conflict"],
    ["what the schema refuses", { type: "reply", result: { answer: "maybe" } }, "invalid_message"],
    ["no result", { type: "reply" }, "invalid_message"],
    ["an error that is none", { type: "error", code: "boom" }, "invalid_message"],
  ])("rejects for a client that answers with %s", async (_, frame, code) => {
    const ws = await create().join("ada");
    const result = outcome(system.manager.request(ws, "confirm", {}));
    await system.clock.settle();
    await system.say(ws, { ...frame, $: { re: idOf(ws) } });
    expect(await result).toBe(code);
  });

  it("rejects with a stack that names the line of the application", async () => {
    const ws = await create().join("ada");
    async function askAda() {
      return (await system.manager.request(ws, "confirm", {})) as unknown;
    }
    const failure = askAda().catch((error: unknown) => error);
    await system.clock.settle();
    const frame = { type: "error", code: "conflict", message: "Busy.", retryable: false };
    await system.say(ws, { ...frame, $: { re: idOf(ws) } });
    expect(((await failure) as HalyardError).stack).toMatch(
      /^HalyardError: Busy\.\n[^]*at (async )?askAda \(/,
    );
  });

  it("keeps at most 200 characters of a client's error message", async () => {
    const ws = await create().join("ada");
    const failure = system.manager.request(ws, "confirm", {}).catch((error: unknown) => error);
    await system.clock.settle();
    const error = { type: "error", code: "internal", message: "x".repeat(9_000), retryable: false };
    await system.say(ws, { ...error, $: { re: idOf(ws) } });
    expect(((await failure) as HalyardError).message).toHaveLength(200);
  });

  it("rejects with timeout after its time, and ignores a late reply", async () => {
    const ws = await create().join("ada");
    const results = [
      outcome(system.manager.request(ws, "confirm", {}, { timeoutMs: 50 })),
      outcome(system.manager.request(ws, "confirm", {})),
    ];
    await system.clock.advance(50);
    expect(await results[0]).toBe("timeout");
    await system.clock.advance(9_950);
    expect(await results[1]).toBe("timeout");
    expect(await system.ask(ws, reply(asked(ws)[0]?.$?.id ?? "", { answer: "yes" }))).toEqual([]);
  });

  it("sets no timer that the runtimes would fire at once, however long it may take", async () => {
    const ws = await create().join("ada");
    const setTimeout = vi.spyOn(system.clock, "setTimeout");
    const results = [Infinity, 2 ** 31].map((timeoutMs) =>
      outcome(system.manager.request(ws, "confirm", {}, { timeoutMs })),
    );
    await system.clock.settle();
    expect(Math.max(...setTimeout.mock.calls.map(([, ms]) => ms))).toBe(2 ** 31 - 1);
    for (const n of results.keys()) await system.say(ws, reply(idOf(ws, n), { answer: "yes" }));
    expect(await Promise.all(results)).toMatchObject([{ answer: "yes" }, { answer: "yes" }]);
  });

  it("rejects with the signal's reason when it is aborted before or while it is pending", async () => {
    const ws = await create().join("ada");
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const waiting = outcome(system.manager.request(ws, "confirm", {}, options));
    await system.clock.settle();
    controller.abort("enough");
    expect(await waiting).toBe("enough");
    expect(await outcome(system.manager.request(ws, "confirm", {}, options))).toBe("enough");
    expect(asked(ws)).toHaveLength(1);
  });

  it("rejects with unavailable when the connection closes, and ignores its reply on the next connection", async () => {
    const ws = await create().join("ada");
    const lost = outcome(system.manager.request(ws, "confirm", {}));
    await system.clock.settle();
    await system.drop(ws);
    expect(await lost).toBe("unavailable");
    expect(await outcome(system.manager.request(ws, "confirm", {}))).toBe("unavailable");

    const again = await system.join("ada", { attempt: 2 });
    const result = outcome(system.manager.request(again, "confirm", {}));
    await system.clock.settle();
    await system.say(again, reply(idOf(ws), { answer: "no" }));
    await system.say(again, reply(idOf(again), { answer: "yes" }));
    expect(await result).toEqual({ answer: "yes", at: 1 });
  });

  it("rejects with not_found for a plain client, and sends nothing", async () => {
    const ws = await create().open("ada");
    expect(await outcome(system.manager.request(ws, "confirm", {}))).toBe("not_found");
    expect(asked(ws)).toEqual([]);
  });

  it("sends a request made before the welcome right after it", async () => {
    let early: Promise<unknown> | undefined;
    create({
      onConnect: ({ ws }) => {
        early = outcome(system.manager.request(ws, "confirm", {}));
      },
    });
    const ws = await system.join("ada");
    expect(ws.types).toEqual(["welcome", "request"]);
    await system.say(ws, reply(idOf(ws), { answer: "yes" }));
    expect(await early).toMatchObject({ answer: "yes" });
    const plain = await system.open("bob");
    expect([await early, asked(plain)]).toEqual(["not_found", []]);
  });

  it("rejects with limit_exceeded above 16 pending requests, and accepts the next once one is answered", async () => {
    const ws = await create().join("ada");
    const results = Array.from({ length: 17 }, () => outcome(system.manager.request(ws, "confirm", {})));
    expect(await results[16]).toBe("limit_exceeded");
    await system.clock.settle();
    expect(asked(ws)).toHaveLength(16);
    await system.say(ws, reply(idOf(ws), { answer: "yes" }));
    results.push(outcome(system.manager.request(ws, "confirm", {})));
    await system.clock.settle();
    expect(asked(ws)).toHaveLength(17);
    await system.drop(ws);
    expect((await Promise.all(results)).filter((result) => result === "unavailable")).toHaveLength(16);
  });

  it("accepts the reply of a client that is over its rate", async () => {
    const ws = await create({ limits: { messageBurst: 1, messagesPerSecond: 0.001 } }).join("ada");
    const result = outcome(system.manager.request(ws, "confirm", {}));
    await system.clock.settle();
    await system.say(ws, reply(idOf(ws), { answer: "yes" }));
    expect(await result).toMatchObject({ answer: "yes" });
    expect(ws.received("error")).toEqual([]);
  });

  it("rejects with a TypeError for a name or an input that the contract does not have", async () => {
    const ws = await create().join("ada");
    const { manager } = system as unknown as TestSystem<
      typeof protocol & { serverRequests: { nonsense: (typeof protocol)["serverRequests"]["silent"] } }
    >;
    await expect(manager.request(ws, "nonsense")).rejects.toThrow(
      "no request that a server may make: nonsense",
    );
    const wrong = { question: 1 } as unknown as { question: string };
    await expect(manager.request(ws, "confirm", wrong)).rejects.toThrow(
      /^the input of confirm is not valid: question/,
    );
    expect(asked(ws)).toEqual([]);
  });
});

describe("a client that answers no pending request", () => {
  it.each(["reply", "error"])("gets unknown_type for a %s that names no request", async (type) => {
    const ws = await create().join("ada");
    expect(await system.ask(ws, { type, $: {} })).toMatchObject([{ type: "error", code: "unknown_type" }]);
  });
});
