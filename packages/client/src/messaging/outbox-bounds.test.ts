import { afterEach, describe, expect, it, vi } from "vitest";
import { chat, outcomes } from "../../test/chat-sends.ts";
import { createHarness, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

describe("the bounds of the outbox", () => {
  it("rejects the 201st message, and accepts another when the server has replied to one", async () => {
    const harness = createHarness();
    const known = outcomes(Array.from({ length: 200 }, (_, n) => chat(harness, String(n))));
    expect(await chat(harness, "one more")).toMatchObject({
      status: "rejected",
      error: { code: "limit_exceeded" },
    });
    const socket = await harness.open();
    socket.receive(reply(socket.sent("chat_message")[0]));
    await harness.tick();
    expect(known.filter((status) => status === "delivered")).toHaveLength(1);
    expect(outcomes([chat(harness, "now")])).toEqual([undefined]);
  });

  it("rejects a message that takes the outbox over 256 KiB", async () => {
    const harness = createHarness();
    for (let n = 0; n < 8; n++) chat(harness, "x".repeat(32_700));
    expect(await chat(harness, "x".repeat(1_000))).toMatchObject({ status: "rejected" });
    expect(outcomes([chat(harness, "short")])).toEqual([undefined]);
  });

  it("holds 200 messages when 100,000 are sent offline", async () => {
    const harness = createHarness();
    let queue = { queued: 0, unacknowledged: 0, bytes: 0 };
    harness.client.onQueue((state) => (queue = state));
    let rejected = 0;
    for (let n = 0; n < 100_000; n++) {
      void chat(harness, String(n)).then(({ status }) => (rejected += status === "rejected" ? 1 : 0));
    }
    await harness.tick();
    expect(rejected).toBe(99_800);
    expect(queue.queued).toBe(200);
  }, 30_000);

  it("keeps at most 32 messages unanswered, and stays below the server's rate", async () => {
    const harness = createHarness();
    const known = outcomes(Array.from({ length: 200 }, (_, n) => chat(harness, String(n))));
    const socket = await harness.open();
    const times: number[] = [];
    let answered = 0;
    for (let ms = 0; ms < 6_000; ms += 5) {
      const sent = socket.sent("chat_message");
      expect(sent.length - answered).toBeLessThanOrEqual(32);
      while (times.length < sent.length) times.push(ms);
      while (answered < sent.length) socket.receive(reply(sent[answered++]));
      await harness.tick();
    }
    expect(known).toEqual(Array(200).fill("delivered"));
    // 50 at once, then 50 per second: half of what the server allows.
    expect(times.filter((ms) => ms < 10)).toHaveLength(50);
    expect(times.at(-1)).toBeGreaterThan(2_900);
    expect(times.at(-1)).toBeLessThan(3_200);
  });
});
