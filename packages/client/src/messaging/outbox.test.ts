import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, reply, welcome } from "../../test/harness.ts";
import type { Receipt } from "../index.ts";

afterEach(() => {
  vi.useRealTimers();
});

const chat = (world: ReturnType<typeof createWorld>, content: string) =>
  world.client.send("chat_message", { content });

/** What has become of sendings so far. */
function outcomes(sendings: readonly PromiseLike<Receipt>[]): (string | undefined)[] {
  const known: (string | undefined)[] = sendings.map(() => undefined);
  for (const [index, sending] of sendings.entries())
    void sending.then(({ status }) => (known[index] = status));
  return known;
}

describe("send", () => {
  it("goes out with the next number and a known id, and tells where the server placed it", async () => {
    const world = createWorld();
    const socket = await world.open();
    const clientId = String(socket.sent("hello")[0]?.["clientId"]);
    const sending = chat(world, "hello");
    expect(sending.id).toBe(messageIdOf(clientId, 1));
    expect(socket.sent("chat_message")).toEqual([{ type: "chat_message", content: "hello", $: { seq: 1 } }]);
    socket.receive(reply(socket.sent("chat_message")[0], { id: sending.id, ch: "all", off: 11 }));
    expect(await sending).toEqual({ status: "delivered", id: sending.id, channel: "all", offset: 11 });
  });

  it("tells the server's reasons", async () => {
    const world = createWorld();
    const socket = await world.open();
    const sending = chat(world, "hello");
    socket.receive({
      type: "error",
      code: "rate_limited",
      message: "Wait.",
      retryable: true,
      retryAfterMs: 7,
      $: { re: 1 },
    });
    const receipt = await sending;
    expect(receipt).toMatchObject({
      status: "rejected",
      id: sending.id,
      error: { code: "rate_limited", message: "Wait.", retryable: true, retryAfterMs: 7 },
    });
    expect(receipt.status === "rejected" && receipt.error).toBeInstanceOf(HalyardError);
  });

  it("takes the word of a newer server for an error that this version does not know", async () => {
    const world = createWorld();
    const socket = await world.open();
    const sending = chat(world, "hello");
    const error = { code: "constructor", message: "?", retryable: true };
    socket.receive({ type: "error", ...error, $: { re: 1 } });
    expect(await sending).toMatchObject({ status: "rejected", error });
  });

  it("waits for the welcome, then keeps the order", async () => {
    const world = createWorld();
    const receipts = ["a", "b", "c"].map((content) => chat(world, content));
    await world.tick();
    world.socket.accept();
    expect(world.socket.sent("chat_message")).toEqual([]);
    world.socket.receive(welcome());
    expect(world.socket.sent("chat_message").map(({ $ }) => $?.seq)).toEqual([1, 2, 3]);
    expect(outcomes(receipts)).toEqual([undefined, undefined, undefined]);
  });

  it("refuses before it gives a number: what is too large, too deep, or not JSON", async () => {
    const world = createWorld();
    const socket = await world.open();
    const deep = JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`) as object;
    const abyss = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`) as object;
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const fields = [{ content: "x".repeat(65_536) }, { deep }, { abyss }, cycle, { big: 1n }];
    const sendings = fields.map((bad) => world.client.send("chat_message", bad as never));
    const codes = await Promise.all(
      sendings.map(async (sending) => ((await sending) as { error?: { code: string } }).error?.code),
    );
    expect(codes).toEqual(["payload_too_large", ...Array<string>(4).fill("invalid_message")]);
    expect(new Set(sendings.map(({ id }) => id)).size).toBe(5);
    chat(world, "fine");
    expect(socket.sent("chat_message").map(({ $ }) => $?.seq)).toEqual([1]);
  });

  it("takes exactly what the limit allows", async () => {
    const world = createWorld();
    const socket = await world.open();
    const empty = JSON.stringify({ content: "", type: "chat_message", $: { seq: 1 } }).length;
    chat(world, "é".repeat((65_536 - empty) / 2));
    expect(new TextEncoder().encode(socket.texts.at(-1)).length).toBe(65_536);
  });
});

describe("time", () => {
  it("expires what was never written for 60 s, and fills its number", async () => {
    const world = createWorld();
    const known = outcomes([chat(world, "old")]);
    await world.tick(30_000);
    const young = chat(world, "young");
    await world.tick(29_900);
    expect(known).toEqual([undefined]);
    await world.tick(200);
    expect(known).toEqual(["expired"]);
    const socket = await world.open();
    expect(socket.sent().slice(1)).toEqual([
      { type: "skip", $: { seq: 1 } },
      { type: "chat_message", content: "young", $: { seq: 2 } },
    ]);
    socket.receive({ type: "reply", $: { re: 1 } }, reply(socket.sent()[2]));
    expect(await young).toMatchObject({ status: "delivered", id: young.id });
  });

  it("expires by elapsed time, not by timers, when a frozen page comes back", async () => {
    const world = createWorld();
    const known = outcomes([chat(world, "old")]);
    await world.tick();
    vi.setSystemTime(Date.now() + 600_000);
    world.socket.accept();
    world.socket.receive(welcome());
    await world.tick();
    expect(known).toEqual(["expired"]);
    expect(world.socket.sent("chat_message")).toEqual([]);
  });

  it("calls unknown what was written and is not answered for 4 min, and never sends it again", async () => {
    const world = createWorld();
    const socket = await world.open();
    const known = outcomes([chat(world, "where")]);
    await world.tick(10_000);
    socket.drop();
    for (let n = 0; n < 23; n++) {
      await world.tick(9_950);
      for (const open of world.sockets) if (open.readyState === 0) open.drop();
    }
    expect(known).toEqual([undefined]);
    await world.tick(12_000);
    expect(known).toEqual(["unknown"]);
    world.client.reconnect();
    const last = await world.open();
    expect(last.sent().slice(1)).toEqual([{ type: "skip", $: { seq: 1 } }]);
    last.receive({ type: "error", code: "conflict", message: "", retryable: false, $: { re: 1 } });
    chat(world, "next");
    expect(last.sent("chat_message")).toMatchObject([{ $: { seq: 2 } }]);
  });
});

describe("reconnecting", () => {
  it("sends what has no answer again, in order, with the same numbers and the same text", async () => {
    const world = createWorld();
    const first = await world.open();
    const sendings = ["a", "b", "c"].map((content) => chat(world, content));
    first.receive(reply(first.sent("chat_message")[0]));
    first.drop();
    const away = chat(world, "d");
    const second = await world.open();
    expect(second.texts.slice(1)).toEqual([...first.texts.slice(2), second.texts.at(-1)]);
    expect(second.sent("chat_message").map(({ $ }) => $?.seq)).toEqual([2, 3, 4]);
    for (const frame of second.sent("chat_message")) second.receive(reply(frame));
    expect(await Promise.all([...sendings, away])).toMatchObject(Array(4).fill({ status: "delivered" }));
  });

  it("ignores an answer to what this connection has not sent", async () => {
    const world = createWorld();
    await world.open();
    const known = outcomes([chat(world, "a")]);
    world.socket.drop();
    await world.tick(110);
    world.socket.accept();
    world.socket.receive(reply({ type: "", $: { seq: 1 } }));
    await world.tick();
    expect(known).toEqual([undefined]);
  });

  it("calls unknown what a server refuses that has forgotten whether it handled it before", async () => {
    const refusal = (seq: number) =>
      ({ ...{ type: "error", code: "forbidden", message: "", retryable: false }, $: { re: seq } }) as const;
    for (const [recovered, written] of [
      ["lost", "unknown"],
      [true, "rejected"],
    ] as const) {
      const world = createWorld();
      const first = await world.open();
      const sendings = [chat(world, "written")];
      first.drop();
      sendings.push(chat(world, "never written"));
      const second = await world.open({ channels: { all: { epoch: "e2", off: 0, recovered } } });
      second.receive(refusal(1), refusal(2));
      expect((await Promise.all(sendings)).map(({ status }) => status)).toEqual([written, "rejected"]);
    }
  });

  it("keeps a number whose neighbour was answered first, for a server that may forget", async () => {
    const world = createWorld();
    const first = await world.open();
    chat(world, "a");
    const b = chat(world, "b");
    chat(world, "c");
    first.receive(reply(first.sent("chat_message")[1]));
    expect((await b).status).toBe("delivered");
    first.drop();
    const second = await world.open();
    expect(second.sent().slice(1)).toMatchObject([
      { type: "chat_message", content: "a", $: { seq: 1 } },
      { type: "skip", $: { seq: 2 } },
      { type: "chat_message", content: "c", $: { seq: 3 } },
    ]);
  });
});

describe("a server that misses a number", () => {
  const conflict = (seq: number) => ({
    type: "error",
    code: "conflict",
    message: "",
    retryable: false,
    $: { re: seq },
  });

  it("is given the numbers before the row again, once, and the message arrives after all", async () => {
    const world = createWorld();
    const first = await world.open();
    for (const content of ["a", "b", "c"]) void chat(world, content);
    for (const frame of first.sent("chat_message")) first.receive(reply(frame));
    const late = chat(world, "d");
    first.receive(conflict(4));
    expect(first.closed?.code).toBe(3001);
    const second = await world.open();
    expect(second.sent().slice(1)).toMatchObject([
      { type: "skip", $: { seq: 1 } },
      { type: "skip", $: { seq: 2 } },
      { type: "skip", $: { seq: 3 } },
      { type: "chat_message", content: "d", $: { seq: 4 } },
    ]);
    second.receive(
      conflict(1),
      conflict(2),
      { type: "reply", $: { re: 3 } },
      reply(second.sent("chat_message")[0]),
    );
    expect(await late).toMatchObject({ status: "delivered", id: late.id });
    expect(world.sockets).toHaveLength(2);
  });

  it("is believed the second time", async () => {
    const world = createWorld();
    const first = await world.open();
    const sending = chat(world, "a");
    first.receive(conflict(1));
    const second = await world.open();
    second.receive(conflict(1));
    expect(await sending).toMatchObject({ status: "rejected", error: { code: "conflict" } });
    expect(second.closed).toBeUndefined();
  });
});

describe("onQueue", () => {
  it("tells what waits, and only when that changes", async () => {
    const world = createWorld();
    const seen: string[] = [];
    world.client.onQueue(({ queued, unacknowledged, bytes }) =>
      seen.push(`${String(queued)} ${String(unacknowledged)} ${String(bytes > 0)}`),
    );
    chat(world, "a");
    const socket = await world.open();
    socket.receive(reply(socket.sent("chat_message")[0]));
    await world.tick(120_000);
    expect(seen).toEqual(["1 0 true", "0 1 true", "0 0 false"]);
  });
});
