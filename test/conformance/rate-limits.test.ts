import { expect, it } from "vitest";
import { RATES } from "../support/real-limits.ts";
import { onEachBackplane } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachBackplane("message rate limits", { limits: RATES }, (app) => {
  it("a plain client over the rate gets rate_limited with the time to wait", async () => {
    const client = await app.plain();
    for (let n = 0; n < 12; n++) client.send(`message ${String(n)}`);
    const error = await client.next("error");
    expect(error).toMatchObject({ code: "rate_limited", retryable: true });
    expect(error["retryAfterMs"]).toBeGreaterThan(0);
    await until("ten messages", () => client.all("chat_message").length >= 10);
    await client.sync();
    expect(client.all("chat_message")).toHaveLength(10);
  });

  it("sends of a halyard.v1 client over the rate wait in order, and none is lost", async () => {
    const client = await app.v1();
    for (let n = 0; n < 14; n++) client.post("chat_message", { content: String(n) });
    await client.answer(14);
    await until("the messages", () => client.all("chat_message").length >= 14);
    expect(client.all("error")).toEqual([]);
    expect(client.all("chat_message").map(({ content }) => content)).toEqual(
      Array.from({ length: 14 }, (_, n) => String(n)),
    );
  });

  it("a client far over the rate is closed with 4029 and the time to wait, and other clients are not affected", async () => {
    const [flooder, other] = [await app.plain(), await app.plain()];
    for (let n = 0; n < 400; n++) flooder.send({ type: "note", text: "flood" });
    const { code, reason } = await flooder.end();
    expect(code).toBe(4029);
    expect(reason).toMatch(/^retryAfterMs=\d+$/);
    other.send("still here");
    await other.seen({ type: "chat_message", content: "still here" });
  });

  it("typing indicators over the rate are dropped without an error", async () => {
    const client = await app.plain();
    for (let n = 0; n < 20; n++) client.send({ type: "typing_indicator", isTyping: n % 2 === 0 });
    await client.sync();
    expect(client.all("error")).toEqual([]);
  });
});
