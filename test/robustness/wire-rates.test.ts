// The numbers by which a client paces itself: all of them are in the welcome, and both runtimes keep them.
import { expect, it } from "vitest";
import { onEachRuntime } from "../support/test-app.ts";
import type { V1Client } from "../support/v1-client.ts";

const RATES = {
  messagesPerSecond: 200,
  messageBurst: 40,
  bytesPerSecond: 1_000_000,
  byteBurst: 2_000_000,
  joinsPerSecond: 2,
  joinBurst: 8,
  chatPerSecond: 20,
  chatBurst: 6,
  pingsPerSecond: 30,
};
const REQUESTS = { runningRequests: 4, waitingRequests: 8 };

const refusals = (client: V1Client): unknown[] =>
  client.all("error").map(({ code, $ }) => `${String($?.re)}: ${String(code)}`);

onEachRuntime("a welcome", { limits: { ...RATES, ...REQUESTS } }, (app) => {
  /** So many joins, chat messages and requests in one packet. */
  async function burst(counts: Readonly<Record<"joins" | "chats" | "requests", number>>): Promise<V1Client> {
    const ada = await app.v1();
    const many = (count: number, frame: (n: number) => object) =>
      Array.from({ length: count }, (_, n) => frame(n + 1));
    ada.sendTogether([
      ...many(counts.joins, (n) => ({ type: "join", room: app.room(), $: { id: `join ${String(n)}` } })),
      ...many(counts.chats, (n) => ({ type: "chat_message", content: "a", $: { seq: n } })),
      ...many(counts.requests, (n) => ({
        type: "request",
        name: "wait",
        input: { ms: 50, tag: "a" },
        $: { id: `request ${String(n)}` },
      })),
    ]);
    if (counts.requests > 0) await ada.answer(`request ${String(counts.requests)}`);
    if (counts.chats > 0) await ada.answer(counts.chats);
    if (counts.joins > 0) await ada.answer(`join ${String(counts.joins)}`);
    return ada;
  }

  it("names every rate of a connection, as the server is configured [s-W7]", async () => {
    const welcome = await (await app.openV1(app.user())).hello();
    expect(welcome["limits"]).toMatchObject({ ...RATES, requests: 12, unacknowledged: 32 });
  });

  it("names rates within which nothing is refused, all of them used up at once [s-W7]", async () => {
    const ada = await burst({ joins: RATES.joinBurst, chats: RATES.chatBurst, requests: 12 });
    expect(refusals(ada)).toEqual([]);
  });

  it("names rates above which one frame more is refused or waits, on both runtimes alike [s-W7]", async () => {
    const [joins, chats, requests] = [
      await burst({ joins: RATES.joinBurst + 1, chats: 0, requests: 0 }),
      await burst({ joins: 0, chats: RATES.chatBurst + 3, requests: 0 }),
      await burst({ joins: 0, chats: 0, requests: 13 }),
    ];
    expect(refusals(joins)).toEqual([`join ${String(RATES.joinBurst + 1)}: rate_limited`]);
    expect(refusals(chats)).toEqual([]);
    expect(refusals(requests)).toEqual(["request 13: limit_exceeded"]);
  });

  it("names how many sends may be unanswered: 200 are all delivered by a client that keeps to it [s-W7]", async () => {
    const ada = await app.v1();
    for (let seq = 1; seq <= 200; seq++) {
      if (seq > 32) await ada.answer(seq - 32);
      ada.post("nested", { value: seq });
    }
    await ada.answer(200);
    expect(refusals(ada)).toEqual([]);
    expect(ada.all("reply").map(({ $ }) => $?.re)).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
  });
});
