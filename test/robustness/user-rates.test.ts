// The rates of a user: over all connections, and over reconnects.
import { expect, it } from "vitest";
import { channelsOf } from "../support/frame.ts";
import { RATES } from "../support/real-limits.ts";
import { onEachRuntime } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

/** How many chat messages of the user were published. */
async function published(app: TestApp, userId: string): Promise<number> {
  return (await app.journal("chat", userId)).length;
}

onEachRuntime("a user within the rates of each connection", { limits: RATES }, (app) => {
  it("publishes no more than the user's rate of chat messages through ten reconnects, and loses none [s-A5]", async () => {
    const userId = app.user();
    const startedAt = performance.now();
    const open = [];
    for (let n = 0; n < 10; n++) {
      const client = await app.v1(userId);
      for (let k = 0; k < 10; k++) client.post("chat_message", { content: `${String(n)}.${String(k)}` });
      await client.sync();
      if (n < 8) await client.close();
      else open.push(client);
    }
    const allowed = 20 + 10 * ((performance.now() - startedAt) / 1_000);
    expect(await published(app, userId)).toBeLessThanOrEqual(Math.ceil(allowed));
    // What waits is published later: a send is never refused for a rate.
    const before = await published(app, userId);
    await until("more messages", async () => (await published(app, userId)) > before + 2);
    for (const client of open) expect(client.all({ type: "error" })).toEqual([]);
  });

  it("joins no more rooms than the user's rate over six connections; the others are rate_limited [s-A5]", async () => {
    const userId = app.user();
    const codes: unknown[] = [];
    const startedAt = performance.now();
    for (let n = 0; n < 6; n++) {
      const client = await app.v1(userId);
      for (let k = 0; k < 30; k++)
        client.send({ type: "join", room: `r${String(n)}.${String(k)}`, $: { id: `j${String(k)}` } });
      for (let k = 0; k < 30; k++) codes.push((await client.answer(`j${String(k)}`))["code"]);
    }
    const allowed = 120 + 20 * ((performance.now() - startedAt) / 1_000);
    const joined = codes.filter((code) => code === undefined).length;
    expect(joined).toBeLessThanOrEqual(Math.ceil(allowed));
    expect(new Set(codes)).toEqual(new Set([undefined, "rate_limited"]));
  });

  it("is welcomed on a new connection while another one uses up the user's rate, and has what it sent with its hello handled [s-A5]", async () => {
    const userId = app.user();
    const busy = await app.v1(userId);
    for (let n = 0; n < 10; n++) {
      for (let k = 0; k < 60; k++) busy.send({ type: "ping", $: { id: `p${String(n)}.${String(k)}` } });
      const client = await app.openV1(userId);
      const startedAt = performance.now();
      const answers = [client.hello(), client.deliver("chat_message", { content: String(n) })];
      expect(await Promise.all(answers)).toMatchObject([{ type: "welcome" }, { type: "reply" }]);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(client.all({ type: "error" })).toEqual([]);
    }
  });

  it("is in no more than five times the rooms of a connection through hellos; the others are joined later, in order [s-A8]", async () => {
    const userId = app.user();
    const rooms = Array.from({ length: 100 }, (_, n) => `hello-${String(n)}`);
    let joined = 0;
    const startedAt = performance.now();
    let client: V1Client;
    let pending: string[];
    do {
      client = await app.openV1(userId);
      const channels = channelsOf(await client.hello({ rooms }));
      pending = rooms.filter((room) => channels[`room:${room}`]?.recovered === "pending");
      joined += rooms.length - pending.length;
    } while (pending.length === 0 && joined < 1_000);
    expect(joined).toBeLessThanOrEqual(Math.ceil(500 + 10 * ((performance.now() - startedAt) / 1_000)));
    // A send for a room that is pending waits until the room is joined.
    const [first, second] = pending;
    const answer = client.deliver("chat_message", { content: "first" }, `room:${String(first)}`);
    await client.seen({ type: "joined", room: String(second) });
    expect(await answer).toMatchObject({ type: "reply", result: { ch: `room:${String(first)}` } });
    const order = client.all({ type: "joined" }).map(({ room }) => room);
    expect(order).toEqual(pending.slice(0, order.length));
    expect(client.all({ type: "left" })).toEqual([]);
  });
});
