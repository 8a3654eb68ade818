import { defineProtocol, message } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { CLIENT_ID, TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";

const protocol = defineProtocol({
  clientMessages: {
    vote: message(z.object({ option: z.int() })),
    cursor: message(z.object({ x: z.int() }), { ephemeral: true }),
  },
});

let system: TestSystem<typeof protocol>;
/** What the handlers have received, in order. */
let handled: unknown[];

function create(config: TestConfig<typeof protocol> = {}): typeof system {
  handled = [];
  system = new TestSystem({ protocol, builtIns: { presence: false }, ...config });
  system.handlers.on("vote", ({ option }) => void handled.push(option));
  system.handlers.on("cursor", ({ x }) => void handled.push(x));
  return system;
}

afterEach(() => system.expectToEndCleanly());

const vote = (option: number, seq?: number): object => ({
  type: "vote",
  option,
  ...(seq === undefined ? {} : { $: { seq } }),
});
const codes = (ws: FakeSocket): unknown[] => ws.received("error").map(({ code }) => code);

/** An asynchronous `onConnect` keeps a connection unopened for a while. */
const withSlowConnect: TestConfig<typeof protocol> = { onConnect: () => Promise.resolve() };

describe("frames before a connection is open", () => {
  it("are buffered, and handled in order when the connection is open", async () => {
    create(withSlowConnect);
    const ws = system.begin("ada");
    for (const option of [1, 2, 3]) system.hand(ws, vote(option));
    expect(handled).toEqual([]);
    await system.clock.settle();
    expect(handled).toEqual([1, 2, 3]);
  });

  it("are buffered up to 32: each further one is refused with limit_exceeded", async () => {
    create(withSlowConnect);
    const ws = system.begin("ada");
    for (let option = 0; option < 40; option++) system.hand(ws, vote(option));
    await system.clock.settle();
    expect(handled).toHaveLength(32);
    expect(codes(ws)).toEqual(Array.from({ length: 8 }, () => "limit_exceeded"));
  });

  it("are buffered up to the same bounds again while hello is being answered", async () => {
    create();
    const ws = system.begin("ada", { protocol: "halyard.v1" });
    system.hand(ws, { type: "hello", clientId: CLIENT_ID, attempt: 1 });
    for (let seq = 1; seq <= 3; seq++) system.hand(ws, { ...vote(seq, seq), pad: "x".repeat(60 * 1024) });
    await system.clock.settle();
    expect(handled).toEqual([1, 2, 3]);
    expect(codes(ws)).toEqual([]);
  });

  it("are never overtaken by frames that come after the welcome, and take no place from them", async () => {
    // An `authorize` that takes 100 ms to allow the list of users.
    create({
      builtIns: {},
      authorize: ({ action }) =>
        action !== "presence" || new Promise((resolve) => system.clock.setTimeout(() => resolve(true), 100)),
    });
    const ws = await system.openV1("ada");
    system.hand(ws, { type: "hello", clientId: CLIENT_ID, attempt: 1 });
    system.hand(ws, vote(1, 1));
    await system.clock.settle();
    expect(ws.types).toEqual(["welcome"]);
    const numbers = Array.from({ length: 33 }, (_, index) => index + 1);
    for (const seq of numbers.slice(1)) system.hand(ws, vote(seq, seq));
    await system.clock.advance(100);
    expect(handled).toEqual(numbers);
    expect(ws.received("reply").map(({ $ }) => $?.re)).toEqual(numbers);
  });
});

describe("a frame of a client", () => {
  it("is at most 64 KiB, counted in bytes of UTF-8: the third larger one closes the connection with 4413", async () => {
    const ws = await create().open("ada");
    await system.say(ws, { type: "chat_message", content: "x".repeat(65_000) });
    expect(codes(ws)).toEqual([]);
    await system.say(ws, { type: "chat_message", content: "€".repeat(30_000) });
    await system.say(ws, { type: "chat_message", content: "x".repeat(70_000) });
    expect(codes(ws)).toEqual(["payload_too_large", "payload_too_large"]);
    expect(ws.closedWith).toBeUndefined();
    await system.say(ws, "x".repeat(70_000));
    expect(ws.closedWith?.code).toBe(4413);
  });

  it("closes the connection with 4400 when it is binary", async () => {
    const ws = await create().open("ada");
    system.manager.handleMessage(ws, new Uint8Array([1]));
    expect(ws.closedWith?.code).toBe(4400);
  });

  it("is ignored when its socket was never opened or has closed", async () => {
    const ws = await create().open("ada");
    await system.drop(ws);
    await system.say(ws, vote(1));
    expect(handled).toEqual([]);
  });

  it.each([
    ['{"type":"vote"', "invalid_json"],
    ['{"type":"vote","option":"x"}', "invalid_message"],
    ['{"type":1}', "invalid_message"],
    ["[]", "invalid_message"],
    [`{"type":"vote","a":${"[".repeat(40)}${"]".repeat(40)}}`, "invalid_message"],
    ['{"type":"vote","$":1}', "invalid_message"],
    ['{"type":"vote","$":{"seq":0}}', "invalid_message"],
    ['{"type":"welcome"}', "unknown_type"],
    ['{"type":"nonsense"}', "unknown_type"],
    ['{"type":"__proto__"}', "unknown_type"],
    ['{"type":"constructor"}', "unknown_type"],
  ])("of a plain client that reads %s gets the error %s", async (text, code) => {
    const ws = await create().open("ada");
    await system.say(ws, text);
    expect(codes(ws)).toEqual([code]);
    expect(handled).toEqual([]);
    expect(system.errors).toEqual([]);
  });
});

describe("text that is not a JSON object", () => {
  it.each(["hello", "  hello {", "1", "null", '"quoted"', " ", "}"])(
    "is published as chat when it is %j",
    async (text) => {
      const ws = await create().open("ada");
      await system.say(ws, text);
      expect(ws.received("chat_message")).toMatchObject([{ content: text, from: { userId: "ada" } }]);
    },
  );

  it.each(["", "\0", "\0hello", "\uFEFF", "\uFEFFhello"])(
    "is refused with invalid_message when it is %j",
    async (text) => {
      const ws = await create().open("ada");
      await system.say(ws, text);
      expect(codes(ws)).toEqual(["invalid_message"]);
    },
  );

  it.each(["{", "[1", "  {hello}", "\n[hello]"])(
    "is refused with invalid_json when it is %j",
    async (text) => {
      const ws = await create().open("ada");
      await system.say(ws, text);
      expect(codes(ws)).toEqual(["invalid_json"]);
      expect(ws.received("chat_message")).toEqual([]);
    },
  );

  it.each(["hello", "", "1 2"])("is refused with invalid_json when a v1 client sends %j", async (text) => {
    const ws = await create().join("ada");
    await system.say(ws, text);
    expect(codes(ws)).toEqual(["invalid_json"]);
  });
});

describe("a client above its rate", () => {
  it("gets rate_limited with retryAfterMs when it is a plain client, and is closed with 4029 at the 50th refusal", async () => {
    const ws = await create().open("ada");
    for (let n = 0; n < 100; n++) system.hand(ws, { type: "ping" });
    await system.clock.settle();
    expect(ws.take().map(({ type }) => type)).not.toContain("error");
    for (let n = 0; n < 49; n++) system.hand(ws, { type: "ping" });
    await system.clock.settle();
    expect(ws.received("error")[0]).toMatchObject({
      code: "rate_limited",
      retryable: true,
      retryAfterMs: 20,
    });
    expect(ws.closedWith).toBeUndefined();
    system.hand(ws, { type: "ping" });
    expect(ws.closedWith).toEqual({ code: 4029, reason: "retryAfterMs=5000" });
  });

  it("may send again after a second", async () => {
    const ws = await create().open("ada");
    for (let n = 0; n < 120; n++) system.hand(ws, { type: "ping" });
    await system.clock.advance(1_000);
    expect(await system.ask(ws, { type: "ping" })).toEqual([{ type: "pong" }]);
  });

  it("is limited in bytes per second too", async () => {
    const ws = await create().open("ada");
    for (let n = 0; n < 9; n++) system.hand(ws, { type: "nonsense", pad: "x".repeat(60 * 1024) });
    await system.clock.settle();
    expect(codes(ws)).toContain("rate_limited");
  });

  it("has a separate rate for chat messages, with a seq or without", async () => {
    const ws = await create().open("ada");
    for (let n = 1; n <= 24; n++) {
      const $ = n % 2 === 0 ? { $: { seq: n } } : {};
      system.hand(ws, { type: "chat_message", content: String(n), ...$ });
    }
    await system.clock.settle();
    expect(ws.received("chat_message")).toHaveLength(10);
    expect(ws.received("error")).toHaveLength(14);
    expect(ws.received("error").map(({ $ }) => $?.re)).toContain(24);
  });

  it("has its numbered sends delayed and not refused, in order, when it is a v1 client", async () => {
    const ws = await create().join("ada");
    for (let seq = 1; seq <= 30; seq++)
      system.hand(ws, { type: "chat_message", content: String(seq), $: { seq } });
    await system.clock.settle();
    expect(ws.received("reply")).toHaveLength(10);
    await system.clock.advance(4_000);
    expect(ws.received("reply").map(({ $ }) => $?.re)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    expect(codes(ws)).toEqual([]);
  });

  it("loses ephemeral messages without an error, but never the newest one of each 50 ms", async () => {
    const ws = await create().join("ada");
    for (let x = 1; x <= 20; x++) {
      system.hand(ws, { type: "cursor", x });
      await system.clock.advance(10);
    }
    await system.clock.advance(50);
    expect(handled).toEqual([1, 5, 10, 15, 20]);
    expect(codes(ws)).toEqual([]);
  });

  it("gets rate_limited for control frames", async () => {
    const ws = await create().join("ada");
    for (let n = 0; n < 120; n++) system.hand(ws, { type: "ping" });
    await system.clock.settle();
    expect(new Set(codes(ws))).toEqual(new Set(["rate_limited"]));
    system.hand(ws, vote(1, 1));
    await system.clock.advance(1_000);
    expect(handled).toEqual([1]);
  });

  it("gets limit_exceeded when more than 32 of its sends wait", async () => {
    create();
    let release = (): void => undefined;
    system.handlers.on("chat_message", () => new Promise<void>((resolve) => (release = resolve)));
    const ws = await system.join("ada");
    system.hand(ws, { type: "chat_message", content: "slow", $: { seq: 1 } });
    for (let seq = 2; seq <= 34; seq++) system.hand(ws, vote(seq, seq));
    await system.clock.settle();
    expect(ws.received("error")).toMatchObject([{ code: "limit_exceeded", $: { re: 34 } }]);
    release();
    await system.clock.settle();
    expect(handled).toHaveLength(32);
  });
});

describe("a client that breaks the protocol", () => {
  it("is closed with 4400 at the tenth invalid message within ten seconds", async () => {
    const ws = await create().open("ada");
    for (let n = 0; n < 9; n++) await system.say(ws, "{");
    expect(ws.closedWith).toBeUndefined();
    await system.say(ws, '{"type":"vote","option":"x"}');
    expect(ws.closedWith?.code).toBe(4400);
  });

  it("is not closed for what handlers refuse by an error of their own", async () => {
    system = new TestSystem({ protocol, builtIns: { presence: false } });
    system.handlers.on("vote", () => {
      throw new HalyardError("invalid_message", "the title is too short");
    });
    const ws = await system.open("ada");
    for (let n = 0; n < 20; n++) {
      await system.say(ws, '{"type":"vote","option":1}');
      await system.clock.advance(300);
    }
    expect(ws.received("error")).toHaveLength(20);
    expect(ws.closedWith).toBeUndefined();
  });

  it("is not closed when its invalid messages come slower than that", async () => {
    const ws = await create().open("ada");
    for (let n = 0; n < 50; n++) {
      await system.say(ws, "{");
      await system.clock.advance(1_500);
    }
    expect(ws.closedWith).toBeUndefined();
  });
});
