import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chat, outcomes } from "../../test/chat-sends.ts";
import { createHarness, reply, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("send", () => {
  it("sends with the next sequence number and a known id, and delivers a receipt with channel and offset", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const clientId = String(socket.sent("hello")[0]?.["clientId"]);
    const sending = chat(harness, "hello");
    expect(sending.id).toBe(messageIdOf(clientId, 1));
    expect(socket.sent("chat_message")).toEqual([{ type: "chat_message", content: "hello", $: { seq: 1 } }]);
    socket.receive(reply(socket.sent("chat_message")[0], { id: sending.id, ch: "all", off: 11 }));
    expect(await sending).toEqual({ status: "delivered", id: sending.id, channel: "all", offset: 11 });
  });

  it("rejects with the error that the server sends", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const sending = chat(harness, "hello");
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

  it("keeps an error code of a newer server that this version does not know", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const sending = chat(harness, "hello");
    const error = { code: "constructor", message: "?", retryable: true };
    socket.receive({ type: "error", ...error, $: { re: 1 } });
    expect(await sending).toMatchObject({ status: "rejected", error });
  });

  it("waits for the welcome, then sends in order", async () => {
    const harness = createHarness();
    const receipts = ["a", "b", "c"].map((content) => chat(harness, content));
    await harness.tick();
    harness.socket.accept();
    expect(harness.socket.sent("chat_message")).toEqual([]);
    harness.socket.receive(welcome());
    expect(harness.socket.sent("chat_message").map(({ $ }) => $?.seq)).toEqual([1, 2, 3]);
    expect(outcomes(receipts)).toEqual([undefined, undefined, undefined]);
  });

  it("rejects a message that is too large, too deep or not JSON before it gets a sequence number", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const deep = JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`) as object;
    const abyss = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`) as object;
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const fields = [{ content: "x".repeat(65_536) }, { deep }, { abyss }, cycle, { big: 1n }];
    const sendings = fields.map((bad) => harness.client.send("chat_message", bad as never));
    const codes = await Promise.all(
      sendings.map(async (sending) => ((await sending) as { error?: { code: string } }).error?.code),
    );
    expect(codes).toEqual(["payload_too_large", ...Array<string>(4).fill("invalid_message")]);
    expect(new Set(sendings.map(({ id }) => id)).size).toBe(5);
    chat(harness, "fine");
    expect(socket.sent("chat_message").map(({ $ }) => $?.seq)).toEqual([1]);
  });

  it("sends a message of exactly as many bytes as the limit allows", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const empty = JSON.stringify({ content: "", type: "chat_message", $: { seq: 1 } }).length;
    chat(harness, "é".repeat((65_536 - empty) / 2));
    expect(new TextEncoder().encode(socket.texts.at(-1)).length).toBe(65_536);
  });
});

describe("the outbox after a reconnect", () => {
  it("sends unanswered messages again, in order, with the same numbers and the same text", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const sendings = ["a", "b", "c"].map((content) => chat(harness, content));
    first.receive(reply(first.sent("chat_message")[0]));
    first.drop();
    const away = chat(harness, "d");
    const second = await harness.open();
    expect(second.texts.slice(1)).toEqual([...first.texts.slice(2), second.texts.at(-1)]);
    expect(second.sent("chat_message").map(({ $ }) => $?.seq)).toEqual([2, 3, 4]);
    for (const frame of second.sent("chat_message")) second.receive(reply(frame));
    expect(await Promise.all([...sendings, away])).toMatchObject(Array(4).fill({ status: "delivered" }));
  });

  it("ignores a reply to a message that was not sent on this connection", async () => {
    const harness = createHarness();
    await harness.open();
    const known = outcomes([chat(harness, "a")]);
    harness.socket.drop();
    await harness.tick(110);
    harness.socket.accept();
    harness.socket.receive(reply({ type: "", $: { seq: 1 } }));
    await harness.tick();
    expect(known).toEqual([undefined]);
  });

  it("settles a message as unknown when a server rejects it that has lost its state", async () => {
    const rejection = (seq: number) =>
      ({ ...{ type: "error", code: "forbidden", message: "", retryable: false }, $: { re: seq } }) as const;
    for (const [recovered, written] of [
      ["lost", "unknown"],
      [true, "rejected"],
    ] as const) {
      const harness = createHarness();
      const first = await harness.open();
      const sendings = [chat(harness, "written")];
      first.drop();
      sendings.push(chat(harness, "never written"));
      const second = await harness.open({ channels: { all: { epoch: "e2", off: 0, recovered } } });
      second.receive(rejection(1), rejection(2));
      expect((await Promise.all(sendings)).map(({ status }) => status)).toEqual([written, "rejected"]);
    }
  });

  it("keeps an answered number behind an unanswered one, for a server that may lose its state", async () => {
    const harness = createHarness();
    const first = await harness.open();
    chat(harness, "a");
    const b = chat(harness, "b");
    chat(harness, "c");
    first.receive(reply(first.sent("chat_message")[1]));
    expect((await b).status).toBe("delivered");
    first.drop();
    const second = await harness.open();
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

  it("receives the numbers before the queue again, once, and delivers the message", async () => {
    const harness = createHarness();
    const first = await harness.open();
    for (const content of ["a", "b", "c"]) void chat(harness, content);
    for (const frame of first.sent("chat_message")) first.receive(reply(frame));
    const late = chat(harness, "d");
    first.receive(conflict(4));
    expect(first.closed?.code).toBe(3001);
    const second = await harness.open();
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
    expect(harness.sockets).toHaveLength(2);
  });

  it("rejects the message when it misses a number a second time", async () => {
    const harness = createHarness();
    const first = await harness.open();
    const sending = chat(harness, "a");
    first.receive(conflict(1));
    const second = await harness.open();
    second.receive(conflict(1));
    expect(await sending).toMatchObject({ status: "rejected", error: { code: "conflict" } });
    expect(second.closed).toBeUndefined();
  });

  it("receives them again for the next message, after one was rejected for them", async () => {
    const harness = createHarness();
    const first = await harness.open();
    void chat(harness, "a");
    first.receive(conflict(1));
    const second = await harness.open();
    second.receive(conflict(1));
    const next = chat(harness, "b");
    second.receive(conflict(2));
    const third = await harness.open();
    expect(third.sent("skip")).toMatchObject([{ $: { seq: 1 } }]);
    third.receive({ type: "reply", $: { re: 1 } }, reply(third.sent("chat_message")[0]));
    expect((await next).status).toBe("delivered");
  });
});

describe("onQueue", () => {
  it("reports the queue when it changes, and only then", async () => {
    const harness = createHarness();
    const seen: string[] = [];
    harness.client.onQueue(({ queued, unacknowledged, bytes }) =>
      seen.push(`${String(queued)} ${String(unacknowledged)} ${String(bytes > 0)}`),
    );
    chat(harness, "a");
    const socket = await harness.open();
    socket.receive(reply(socket.sent("chat_message")[0]));
    await harness.tick(120_000);
    expect(seen).toEqual(["1 0 true", "0 1 true", "0 0 false"]);
  });
});
