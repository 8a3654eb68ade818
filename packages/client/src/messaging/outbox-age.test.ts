import { afterEach, describe, expect, it, vi } from "vitest";
import { chat, outcomes } from "../../test/chat-sends.ts";
import { createHarness, reply, welcome } from "../../test/harness.ts";
import { systemClock } from "../common/clock.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("the age of a message", () => {
  it("expires a message that was not written for 60 s, and sends a skip for its number", async () => {
    const harness = createHarness();
    const known = outcomes([chat(harness, "old")]);
    await harness.tick(30_000);
    const young = chat(harness, "young");
    await harness.tick(29_900);
    expect(known).toEqual([undefined]);
    await harness.tick(200);
    expect(known).toEqual(["expired"]);
    const socket = await harness.open();
    expect(socket.sent().slice(1)).toEqual([
      { type: "skip", $: { seq: 1 } },
      { type: "chat_message", content: "young", $: { seq: 2 } },
    ]);
    socket.receive({ type: "reply", $: { re: 1 } }, reply(socket.sent()[2]));
    expect(await young).toMatchObject({ status: "delivered", id: young.id });
  });

  it("expires a message by elapsed time, not by timers, when a frozen page comes back", async () => {
    let frozenMs = 0;
    const now = () => systemClock.now() + frozenMs;
    const harness = createHarness({ clock: { ...systemClock, now, random: () => 0 } });
    const known = outcomes([chat(harness, "old")]);
    await harness.tick();
    frozenMs = 600_000;
    harness.socket.accept();
    harness.socket.receive(welcome());
    await harness.tick();
    expect(known).toEqual(["expired"]);
    expect(harness.socket.sent("chat_message")).toEqual([]);
  });

  it("expires a message that was not written before the machine slept, and one that was written waits for its reply", async () => {
    let sleptMs = 0;
    const date = () => systemClock.now() + sleptMs;
    const harness = createHarness({ clock: { ...systemClock, date, random: () => 0 } });
    const first = await harness.open();
    const written = chat(harness, "written");
    first.drop();
    const known = outcomes([written, chat(harness, "not written")]);
    await harness.tick(500);
    sleptMs = 100_000;
    harness.socket.accept();
    harness.socket.receive(welcome());
    await harness.tick();
    expect(known).toEqual([undefined, "expired"]);
    expect(harness.socket.sent().slice(1)).toEqual([
      { type: "chat_message", content: "written", $: { seq: 1 } },
      { type: "skip", $: { seq: 2 } },
    ]);
  });

  it("settles a written message without a reply as unknown after 4 min, and never sends it again", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const known = outcomes([chat(harness, "where")]);
    await harness.tick(10_000);
    socket.drop();
    for (let n = 0; n < 23; n++) {
      await harness.tick(9_950);
      for (const open of harness.sockets) if (open.readyState === 0) open.drop();
    }
    expect(known).toEqual([undefined]);
    await harness.tick(12_000);
    expect(known).toEqual(["unknown"]);
    harness.client.reconnect();
    const last = await harness.open();
    expect(last.sent().slice(1)).toEqual([{ type: "skip", $: { seq: 1 } }]);
    last.receive({ type: "error", code: "conflict", message: "", retryable: false, $: { re: 1 } });
    chat(harness, "next");
    expect(last.sent("chat_message")).toMatchObject([{ $: { seq: 2 } }]);
  });
});
