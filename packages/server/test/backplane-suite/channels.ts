import { describe, expect, it } from "vitest";
import { APPLICATION_KEY } from "../../src/backplane-history.ts";
import type { LogEntry } from "../../src/backplane.ts";
import type { SuiteContext } from "./context.ts";
import type { Node } from "./node.ts";
import { HISTORY } from "./node.ts";

/** Fails unless each entry has the offset of the one before it, and offsets increase. */
function expectChain(entries: readonly LogEntry[], from: number): void {
  let at = from;
  for (const { prev, offset } of entries) {
    expect(prev).toBe(at);
    expect(offset).toBeGreaterThan(prev);
    at = offset;
  }
}

export const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `"${String(n)}"`);

export function describeChannels({ start, advance, settle, name }: SuiteContext): void {
  describe("channels", () => {
    /** Subscribes a node to a new channel. @returns the channel, and its position at that time */
    async function subscribed(node: Node): Promise<{ channel: string; top: number; epoch: string }> {
      const channel = name("room:");
      await node.backplane.subscribe(channel);
      return { channel, ...(await node.backplane.read(channel, { after: 0, limit: 1 })) };
    }

    it("delivers messages in one order, each with the offset of the one before", async () => {
      const node = await start();
      const { channel, top, epoch } = await subscribed(node);
      await Promise.all(numbered(50).map((data) => node.publish(channel, data)));
      await settle();
      expect(node.texts(channel).toSorted()).toEqual(numbered(50).sort());
      expectChain(node.publications, top);
      expect(new Set(node.publications.map((each) => each.epoch))).toEqual(new Set([epoch]));
    });

    it("delivers one publisher's messages in the order in which they were published", async () => {
      const node = await start();
      const { channel } = await subscribed(node);
      for (const data of numbered(20)) await node.publish(channel, data);
      await settle();
      expect(node.texts(channel)).toEqual(numbered(20));
    });

    it("returns to the publisher the position that subscribers receive", async () => {
      const node = await start();
      const { channel } = await subscribed(node);
      const { position, duplicate } = await node.publish(channel, '"a"');
      await settle();
      const [received] = node.publications;
      expect(position).toEqual({ epoch: received?.epoch, off: received?.offset });
      expect(duplicate).toBe(false);
    });

    it("keeps a separate order for each channel", async () => {
      const node = await start();
      const channels = [await subscribed(node), await subscribed(node)];
      for (let n = 0; n < 10; n++) for (const { channel } of channels) await node.publish(channel, String(n));
      await settle();
      for (const { channel, top } of channels) {
        const received = node.publications.filter((each) => each.channel === channel);
        expect(received).toHaveLength(10);
        expectChain(received, top);
      }
    });

    it("delivers nothing for a channel without a subscription", async () => {
      const node = await start();
      const unsubscribed = name("room:");
      const { channel } = await subscribed(node);
      await node.backplane.unsubscribe(channel);
      await node.publish(channel, "1");
      await node.publish(unsubscribed, "1");
      await settle();
      expect(node.publications).toEqual([]);
    });

    it("delivers every message published after subscribe has resolved, and has earlier ones in the history", async () => {
      const node = await start();
      const channel = name("room:");
      await node.publish(channel, '"before"');
      await node.backplane.subscribe(channel);
      await node.publish(channel, '"after"');
      await settle();
      expect(node.texts(channel)).toEqual(['"after"']);
      const { entries } = await node.backplane.read(channel, { after: 0, limit: 10 });
      expect(entries.map(({ data }) => data)).toEqual(['"before"', '"after"']);
    });

    it("delivers any text unchanged", async () => {
      const node = await start();
      const { channel } = await subscribed(node);
      const texts = [
        "",
        "\0",
        "a\r\nb",
        "😀€",
        "x".repeat(64 * 1024),
        `x7:abc\0def{"type":"a"}`,
        '"\\ud800"',
      ];
      for (const data of texts) await node.publish(channel, data);
      await settle();
      expect(node.texts(channel)).toEqual(texts);
      const { entries } = await node.backplane.read(channel, { after: 0, limit: 100 });
      expect(entries.map(({ data }) => data)).toEqual(texts);
    });

    it("accepts any channel name", async () => {
      const node = await start();
      for (const channel of ["all", "user:a b\n{x}*", "room:__proto__", "user:"]) {
        await node.backplane.subscribe(channel);
        await node.publish(channel, `"${encodeURIComponent(channel)}"`);
        await settle();
        expect(node.texts(channel)).toEqual([`"${encodeURIComponent(channel)}"`]);
      }
    });
  });

  describe("ephemeral messages", () => {
    it("delivers an ephemeral message without a position, and never stores it", async () => {
      const node = await start();
      const channel = name("room:");
      await node.backplane.subscribe(channel);
      const before = await node.backplane.read(channel, { after: 0, limit: 10 });
      expect(await node.publish(channel, '"a"', { history: false })).toEqual({
        position: undefined,
        duplicate: false,
      });
      await settle();
      expect(node.ephemeral).toEqual([{ channel, data: '"a"' }]);
      expect(node.publications).toEqual([]);
      expect(await node.backplane.read(channel, { after: 0, limit: 10 })).toEqual(before);
    });
  });

  describe("channel history", () => {
    it("returns pages after a position, up to the newest message", async () => {
      const node = await start();
      const channel = name("room:");
      for (const data of numbered(25)) await node.publish(channel, data);
      const read: LogEntry[] = [];
      const { top } = await node.backplane.read(channel, { after: 0, limit: 1 });
      for (let after = 0; after < top; after = read.at(-1)?.offset ?? Infinity)
        read.push(...(await node.backplane.read(channel, { after, limit: 10 })).entries);
      expect(read.map(({ data }) => data)).toEqual(numbered(25));
      expectChain(read, read[0]?.prev ?? 0);
      expect(read.at(-1)?.offset).toBe(top);
    });

    it("returns where several channels stand, in their order", async () => {
      const node = await start();
      const channels = [name("room:"), name("room:"), name("room:")];
      for (const channel of channels.slice(1)) await node.backplane.subscribe(channel);
      for (const [index, channel] of channels.slice(0, 2).entries())
        for (let n = 0; n <= index; n++) await node.publish(channel, "1");
      const tops = await node.backplane.tops(channels);
      const reads = channels.map((channel) => node.backplane.read(channel, { after: 0, limit: 1 }));
      expect(tops).toEqual((await Promise.all(reads)).map(({ epoch, top }) => ({ epoch, top })));
      expect(await node.backplane.tops([])).toEqual([]);
    });

    it("returns no message for an unused channel, and the offset at which it starts", async () => {
      const node = await start();
      const channel = name("room:");
      const { entries, top } = await node.backplane.read(channel, { after: 0, limit: 10 });
      expect(entries).toEqual([]);
      await node.backplane.subscribe(channel);
      await node.publish(channel, '"a"');
      await settle();
      expectChain(node.publications, top);
    });

    it.each([
      ["messages", { messages: 5 }],
      ["bytes", { bytes: 15 }],
    ])("limits the history in %s, and drops the oldest messages first", async (_, bound) => {
      const node = await start();
      const channel = name("room:");
      const history = { ...HISTORY, ...bound };
      for (const data of numbered(10)) await node.publish(channel, data, { history });
      const { entries, top } = await node.backplane.read(channel, { after: 0, limit: 100 });
      expect(entries.map(({ data }) => data)).toEqual(numbered(10).slice(-entries.length));
      expect(entries.length).toBeGreaterThanOrEqual(4);
      expect(entries.length).toBeLessThanOrEqual(5);
      expect(entries.at(-1)?.offset).toBe(top);
    });

    it("drops messages by age, and keeps the position of the channel", async () => {
      const node = await start();
      const channel = name("room:");
      const { position } = await node.publish(channel, '"a"', { history: { ...HISTORY, ms: 2_000 } });
      await advance(3_000);
      const { entries, top, epoch } = await node.backplane.read(channel, { after: 0, limit: 10 });
      expect(entries).toEqual([]);
      expect({ epoch, off: top }).toEqual(position);
    });

    it("drops a message by its own age, however new the next one is", async () => {
      const node = await start();
      const channel = name("room:");
      const publish = (data: string) => node.publish(channel, data, { history: { ...HISTORY, ms: 4_000 } });
      await publish('"a"');
      await advance(2_000);
      await publish('"b"');
      await advance(3_000);
      for (const limit of [1, 10]) {
        const { entries } = await node.backplane.read(channel, { after: 0, limit });
        expect(entries.map(({ data }) => data)).toEqual(['"b"'].slice(0, limit));
      }
    });
  });

  describe("publications with an idempotency key", () => {
    it("stores a repeated publication once, and returns the first position", async () => {
      const node = await start();
      const channel = name("room:");
      await node.backplane.subscribe(channel);
      const first = await node.publish(channel, '"a"', { idempotencyKey: "k" });
      const again = await node.publish(channel, '"b"', { idempotencyKey: "k" });
      await settle();
      expect(again).toEqual({ position: first.position, duplicate: true });
      expect(node.texts(channel)).toEqual(['"a"']);
    });

    it("stores a publication once when both calls come at the same time", async () => {
      const node = await start();
      const channel = name("room:");
      await node.backplane.subscribe(channel);
      const options = { idempotencyKey: "k" };
      const both = await Promise.all([
        node.publish(channel, '"a"', options),
        node.publish(channel, '"a"', options),
      ]);
      await settle();
      expect(both.filter(({ duplicate }) => duplicate)).toHaveLength(1);
      expect(node.texts(channel)).toEqual(['"a"']);
    });

    it("remembers a key of the application for 5 minutes, although the message has left the history", async () => {
      const node = await start();
      const channel = name("room:");
      const options = { idempotencyKey: `${APPLICATION_KEY}job`, history: { ...HISTORY, messages: 2 } };
      const first = await node.publish(channel, '"job"', options);
      for (const text of ["1", "2", "3", "4"])
        await node.publish(channel, text, { history: options.history });
      await advance(299_000);
      expect(await node.publish(channel, '"job"', options)).toEqual({
        position: first.position,
        duplicate: true,
      });
      await advance(2_000);
      expect(await node.publish(channel, '"job"', options)).toMatchObject({ duplicate: false });
    });

    it("stores publications with another key or in another channel separately", async () => {
      const node = await start();
      const channels = [name("room:"), name("room:")];
      const keys = ["k", "l"];
      const all = channels.flatMap((channel) =>
        keys.map((idempotencyKey) => node.publish(channel, '"a"', { idempotencyKey })),
      );
      expect((await Promise.all(all)).map(({ duplicate }) => duplicate)).toEqual([
        false,
        false,
        false,
        false,
      ]);
    });
  });
}
