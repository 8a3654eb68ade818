// The rate of a channel: what all clients together send into it, so that a slow reader keeps its connection.
import { expect, it } from "vitest";
import { RATES } from "../support/real-limits.ts";
import { onEachRuntime } from "../support/test-app.ts";

const CHANNEL = { channelBytesPerSecond: 100_000, channelByteBurst: 200_000 };

onEachRuntime("a channel that many clients send into", { limits: { ...RATES, ...CHANNEL } }, (app) => {
  it("gets no more than its rate, and every send is published in its turn [s-A4]", async () => {
    const room = app.room();
    const reader = await app.v1();
    await reader.join(room);
    const content = "x".repeat(20_000);
    const startedAt = performance.now();
    const answers = [];
    for (let n = 0; n < 5; n++) {
      const client = await app.v1();
      await client.join(room);
      for (let k = 0; k < 4; k++) answers.push(client.deliver("chat_message", { content }, `room:${room}`));
    }
    await answers[0];
    await reader.sync();
    const seconds = (performance.now() - startedAt) / 1_000;
    const published = reader.all({ type: "chat_message" }).length;
    expect(published).toBeLessThanOrEqual(Math.ceil((200_000 + 100_000 * seconds) / 20_000));
    for (const answer of await Promise.all(answers)) expect(answer["type"]).toBe("reply");
    // 400 kB: the first half at once, and the other at the rate.
    expect(performance.now() - startedAt).toBeGreaterThan(1_500);
  });
});
