import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, reply } from "../../test/harness.ts";
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

describe("what is bounded", () => {
  it("refuses the 201st message, and takes another when one is answered", async () => {
    const world = createWorld();
    const known = outcomes(Array.from({ length: 200 }, (_, n) => chat(world, String(n))));
    expect(await chat(world, "one more")).toMatchObject({
      status: "rejected",
      error: { code: "limit_exceeded" },
    });
    const socket = await world.open();
    socket.receive(reply(socket.sent("chat_message")[0]));
    await world.tick();
    expect(known.filter((status) => status === "delivered")).toHaveLength(1);
    expect(outcomes([chat(world, "now")])).toEqual([undefined]);
  });

  it("refuses what is over 256 KiB in all", async () => {
    const world = createWorld();
    for (let n = 0; n < 8; n++) chat(world, "x".repeat(32_700));
    expect(await chat(world, "x".repeat(1_000))).toMatchObject({ status: "rejected" });
    expect(outcomes([chat(world, "short")])).toEqual([undefined]);
  });

  it("stays bounded when a hundred thousand messages are sent offline", async () => {
    const world = createWorld();
    let queue = { queued: 0, unacknowledged: 0, bytes: 0 };
    world.client.onQueue((state) => (queue = state));
    let refused = 0;
    for (let n = 0; n < 100_000; n++) {
      void chat(world, String(n)).then(({ status }) => (refused += status === "rejected" ? 1 : 0));
    }
    await world.tick();
    expect(refused).toBe(99_800);
    expect(queue.queued).toBe(200);
  }, 30_000);

  it("keeps 32 unanswered at once, and the server's rate", async () => {
    const world = createWorld();
    const known = outcomes(Array.from({ length: 200 }, (_, n) => chat(world, String(n))));
    const socket = await world.open();
    const times: number[] = [];
    let answered = 0;
    for (let ms = 0; ms < 6_000; ms += 5) {
      const sent = socket.sent("chat_message");
      expect(sent.length - answered).toBeLessThanOrEqual(32);
      while (times.length < sent.length) times.push(ms);
      while (answered < sent.length) socket.receive(reply(sent[answered++]));
      await world.tick();
    }
    expect(known).toEqual(Array(200).fill("delivered"));
    // 50 at once, then 50 per second: half of what the server lets pass.
    expect(times.filter((ms) => ms < 10)).toHaveLength(50);
    expect(times.at(-1)).toBeGreaterThan(2_900);
    expect(times.at(-1)).toBeLessThan(3_200);
  });
});
