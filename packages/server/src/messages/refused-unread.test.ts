// Frames that are refused unread cost no more than a look for their number: parsing one of 1 MB can take seconds.
import { defineProtocol, message } from "@halyard/protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { CLIENT_ID, TestSystem } from "../../test/test-system.ts";

const protocol = defineProtocol({ clientMessages: { vote: message(z.object({ option: z.int() })) } });
const LIMITS = { messagesPerSecond: 1, messageBurst: 2, waitingSends: 1 };
const NOTHING_LARGE = { isTooLarge: false };

let system: TestSystem<typeof protocol>;
let release: (() => void) | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  release?.();
  await system.clock.advance(5_000);
  await system.expectToEndCleanly();
});

async function open(): Promise<FakeSocket> {
  system = new TestSystem({ protocol, builtIns: { presence: false }, limits: LIMITS });
  const released = new Promise<void>((resolve) => (release = resolve));
  system.handlers.on("vote", () => released);
  const ws = system.begin("ada", { protocol: "halyard.v1" });
  system.hand(ws, { type: "hello", clientId: CLIENT_ID, attempt: 1 });
  await system.clock.settle();
  ws.take();
  return ws;
}

/** Records whether a text of more than 8 KiB is parsed from now on. */
function watchParses(): { isTooLarge: boolean } {
  const seen = { ...NOTHING_LARGE };
  const { parse } = JSON;
  vi.spyOn(JSON, "parse").mockImplementation((text: string, ...rest) => {
    seen.isTooLarge ||= text.length > 8_192;
    return parse(text, ...rest) as unknown;
  });
  return seen;
}

const objects = (count: number): object[] => Array.from({ length: count }, () => ({}));

describe("no refused frame is parsed as a whole", () => {
  const large = (count: number) => ({ type: "vote", option: 1, all: objects(count) });

  it("that is too large: its id is that of its answer all the same", async () => {
    const ws = await open();
    const seen = watchParses();
    await system.say(ws, { ...large(30_000), $: { id: "large" } });
    expect(ws.received("error")).toMatchObject([{ code: "payload_too_large", $: { re: "large" } }]);
    expect(seen).toEqual(NOTHING_LARGE);
  });

  it("that nests too deeply", async () => {
    const ws = await open();
    const seen = watchParses();
    const deep = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
    await system.say(ws, `{"type":"vote","deep":${deep},"$":{"id":"deep"}}`);
    expect(ws.received("error")).toMatchObject([{ code: "invalid_message", $: { re: "deep" } }]);
    expect(seen).toEqual(NOTHING_LARGE);
  });

  it("above a rate: a send that finds the queue full, and every frame without a number", async () => {
    const ws = await open();
    // The first one runs, the second one waits.
    for (let seq = 1; seq <= 2; seq++) await system.say(ws, { type: "vote", option: seq, $: { seq } });
    const seen = watchParses();
    await system.say(ws, { ...large(20_000), $: { seq: 3 } });
    await system.say(ws, { ...large(20_000), type: "request", name: "load", $: { id: "r1" } });
    expect(ws.received("error")).toMatchObject([
      { code: "limit_exceeded", $: { re: 3 } },
      { code: "rate_limited", $: { re: "r1" } },
    ]);
    expect(seen).toEqual(NOTHING_LARGE);
  });

  it("of a plain client above a rate", async () => {
    await open();
    const plain = await system.open("bob");
    for (let option = 0; option < 2; option++) await system.say(plain, { type: "vote", option });
    const seen = watchParses();
    await system.say(plain, { ...large(20_000), $: { id: "p" } });
    expect(plain.received("error")).toMatchObject([{ code: "rate_limited", $: { re: "p" } }]);
    expect(seen).toEqual(NOTHING_LARGE);
  });

  it("that comes when too many have come before the connection is open", async () => {
    system = new TestSystem({
      protocol,
      builtIns: { presence: false },
      onConnect: async () => Promise.resolve(),
    });
    system.handlers.on("vote", () => undefined);
    const ws = system.begin("ada");
    for (let option = 0; option < 32; option++) system.hand(ws, { type: "vote", option });
    const seen = watchParses();
    system.hand(ws, { ...large(20_000), $: { id: "early" } });
    expect(seen).toEqual(NOTHING_LARGE);
    vi.restoreAllMocks();
    await system.clock.settle();
    expect(ws.received("error")).toMatchObject([{ code: "limit_exceeded", $: { re: "early" } }]);
  });
});
