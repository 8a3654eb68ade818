import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import type { RawClient } from "../support/raw-client.ts";
import { RATES } from "../support/real-limits.ts";
import { until } from "../support/wait.ts";
import { p99 } from "../support/p99.ts";
import { describeAttacks } from "./support/attacked-app.ts";

const PROTOTYPE_NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "then"];
const INVALID_MESSAGES = ["{bad", '{"type":"chat_message"', "null", "1", '"x"', "[]", "[1,2]", "{}"];

/** Sends messages. @returns the codes of the errors that they cause */
async function codesAfter(client: RawClient, ...messages: readonly (object | string)[]): Promise<unknown[]> {
  const before = client.all("error").length;
  for (const message of messages) client.send(message);
  await client.sync();
  return client
    .all("error")
    .slice(before)
    .map(({ code }) => code);
}

describeAttacks("C: messages", { limits: { helloMs: 400, handlerMs: 400 } }, (app) => {
  it("C1: invalid messages get an error, and the tenth in ten seconds closes the connection with 4400", async () => {
    const client = await app.v1();
    expect(await codesAfter(client, ...INVALID_MESSAGES)).toEqual(
      INVALID_MESSAGES.map(() => expect.stringMatching(/^invalid_(json|message)$/) as unknown),
    );
    client.send("{bad");
    client.send("{bad");
    expect(await client.end()).toMatchObject({ code: 4400 });
  });

  it("C1: a plain client's text is chat only if it does not begin like JSON", async () => {
    const [plain, other] = [await app.plain(), await app.plain()];
    expect(await codesAfter(plain, "null", "1", "{bad", "[1,2")).toEqual(["invalid_json", "invalid_json"]);
    await other.seen({ type: "chat_message", content: "1" });
    expect(other.all("chat_message").map(({ content }) => content)).toEqual(["null", "1"]);
  });

  it("C2: messages before the hello get one error, then 4400, and run no handler", async () => {
    const eve = app.user("eve");
    const client = await app.openV1(eve);
    client.post("note", { text: "too early" });
    expect(await client.nextFrame()).toMatchObject({ type: "error", code: "conflict" });
    client.send({ type: "join", room: "lobby", $: { id: "j" } });
    client.send({ type: "request", name: "count", input: {}, $: { id: "r" } });
    expect(await client.end()).toMatchObject({ code: 4400 });
    expect(await app.journal("note", eve)).toEqual([]);
  });

  it("C3: a connection without a hello in time is closed with 4010", async () => {
    const client = await app.openV1(app.user());
    expect(await client.end(3_000)).toMatchObject({ code: 4010 });
  });

  it("C4: prototype keys in every object position pollute no prototype", async () => {
    const client = await app.v1();
    const evil = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}';
    const seq = (): string => String(++client.page.seq);
    for (const text of [
      `{"type":"nested","value":${evil},"__proto__":{"isAdmin":true},"$":{"seq":${seq()}}}`,
      `{"type":"note","text":"x","__proto__":{"isAdmin":true},"$":{"seq":${seq()},"__proto__":{"isAdmin":true}}}`,
      `{"type":"counts","by":{"__proto__":1},"$":{"seq":${seq()}}}`,
      `{"type":"request","name":"echo","input":{"value":"x","__proto__":{"isAdmin":true}},"$":{"id":"e"}}`,
      `{"__proto__":{"type":"note","text":"inherited"}}`,
    ])
      client.send(text);
    await client.sync();
    expect(await app.command("health")).toMatchObject({ polluted: false });
    expect(JSON.stringify(client.all("reply"))).not.toContain("isAdmin");
    expect(client.all({ code: "invalid_message" })).not.toEqual([]);
  });

  it.each(PROTOTYPE_NAMES)("C5: the name %s is handled like any other name", async (name) => {
    const client = await app.v1();
    expect(await codesAfter(client, { type: name })).toEqual(["unknown_type"]);
    expect(await client.request(name)).toMatchObject({ code: "not_found" });
    expect(await client.join(name)).toMatchObject({ type: "reply" });
    client.send({ type: "ping", $: { id: name } });
    await client.seen({ type: "pong", $: { re: name } });
    const namesake = await app.plain(name);
    await client.seen((frame) => frame.type === "user_joined" && JSON.stringify(frame).includes(name));
    await namesake.close();
  });

  it("C6: a message of 30,000 levels is rejected before any schema runs", async () => {
    const client = await app.v1();
    const deep = "[".repeat(30_000) + "]".repeat(30_000);
    expect(await codesAfter(client, `{"type":"nested","value":${deep}}`, deep)).toEqual([
      "invalid_message",
      "invalid_message",
    ]);
  });

  it.each(["x".repeat(60_000), "nul\0", "cr\r\nlf", "\u202eltr", "\ufeff", ""])(
    "C7: the invalid room name of row %# is rejected in a hello and in a join",
    async (room) => {
      const client = await app.openV1(app.user());
      const { clientId, attempt } = client.page;
      client.send({ type: "hello", clientId, attempt, positions: [], rooms: [room] });
      expect(await client.next("left")).toMatchObject({ reason: "invalid_message" });
      const other = await app.v1();
      expect(await other.join(room)).toMatchObject({ code: "invalid_message" });
    },
  );

  it.each(["*", "[a", "?", "{tag}", "🎉"])(
    "C7: a room named %s is a room like others and no pattern: its member gets no message of another room",
    async (room) => {
      const [client, other] = [await app.v1(), await app.v1()];
      expect(await client.join(room)).toMatchObject({ result: { ch: `room:${room}` } });
      for (const name of ["a", "tag", room]) await other.join(name);
      await other.deliver("chat_message", { content: "elsewhere" }, "room:a");
      await other.deliver("chat_message", { content: "elsewhere" }, "room:tag");
      await other.deliver("chat_message", { content: "here" }, `room:${room}`);
      expect(await client.next("chat_message")).toMatchObject({ content: "here", $: { ch: `room:${room}` } });
    },
  );

  it.each([
    [16_000, "limit_exceeded"],
    [100_000, "payload_too_large"],
  ])("C7: a hello with %i rooms is rejected", async (length, code) => {
    const client = await app.openV1(app.user());
    const { clientId, attempt } = client.page;
    const rooms = Array.from({ length }, () => "a");
    client.send({ type: "hello", clientId, attempt, positions: [], rooms });
    expect(await client.next("error")).toMatchObject({ code });
  });

  it("C7: a join of a room name of 1 MB gets payload_too_large", async () => {
    const client = await app.v1();
    client.send({ type: "join", room: "x".repeat(1_000_000) });
    expect(await client.next("error")).toMatchObject({ code: "payload_too_large" });
  });

  it("C8: 5,000 mistakes in one message are answered in at most 1 KiB", async () => {
    const client = await app.v1();
    const answer = await client.deliver("many", { items: Array.from({ length: 5_000 }, () => "no") });
    expect(answer).toMatchObject({ code: "invalid_message" });
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThanOrEqual(1_024);
  });

  it("C10: an unknown type, or a type that only servers send, gets unknown_type and reaches no client", async () => {
    const [client, other] = [await app.plain(), await app.plain()];
    const types = ["presence.diff", "announcement", "user_joined", "welcome", "reply", "notice", "error"];
    expect(await codesAfter(client, ...types.map((type) => ({ type, message: "x", text: "x" })))).toEqual(
      types.map(() => "unknown_type"),
    );
    await other.sync();
    expect(other.all({ message: "x" })).toEqual([]);
  });

  it("C11: a pending or invalid request id gets an error, and each reply belongs to its own request", async () => {
    const client = await app.v1();
    client.send({ type: "request", name: "wait", input: { ms: 100, tag: "first" }, $: { id: "same" } });
    client.send({ type: "request", name: "wait", input: { ms: 0, tag: "second" }, $: { id: "same" } });
    await client.seen({ type: "reply", $: { re: "same" } });
    expect(client.all({ $: { re: "same" } })).toMatchObject([{ code: "conflict" }, { result: "first" }]);
    const ids = [2 ** 53, {}, [], null, "x".repeat(65), ""];
    const requests = ids.map((id) => ({ type: "request", name: "count", input: {}, $: { id } }));
    expect(await codesAfter(client, ...requests)).toEqual(ids.map(() => "invalid_message"));
  });

  it("C12: 1,000 joins and leaves in a race end with an empty room", async () => {
    const [client, room] = [await app.v1(), app.room()];
    for (let n = 0; n < 500; n++) {
      client.send({ type: "join", room });
      client.send({ type: "leave", room });
    }
    expect(await client.sendAndWait({ type: "leave", room })).toMatchObject({ type: "reply" });
    expect(await app.command("listUsers", { room })).toMatchObject({ total: 0 });
    expect(client.isOpen).toBe(true);
  });

  it("C13: the 101st room gets limit_exceeded, and the connection stays open", async () => {
    const client = await app.v1();
    for (let n = 0; n < 100; n++) client.send({ type: "join", room: app.room() });
    expect(await client.join(app.room())).toMatchObject({ code: "limit_exceeded" });
    expect((await app.events("limit")).at(-1)).toMatchObject({ reason: "rooms" });
    await client.sync();
  });

  it("C14: the server sets the author, channel, id and time of a message, whatever the client sends", async () => {
    const [eve, room] = [app.user("eve"), app.room()];
    const [client, other] = [await app.v1(eve), await app.v1()];
    await other.join(room);
    expect(await client.deliver("chat_message", { content: "psst" }, `room:${room}`)).toMatchObject({
      code: "forbidden",
    });
    const forged = {
      from: { userId: "root", name: "Root" },
      id: "mine",
      sentAt: "1970-01-01",
      userId: "root",
    };
    await client.deliver("chat_message", { content: "I am root", ...forged });
    await client.deliver("poked", { text: "root pokes", ...forged });
    const chat = await other.seen("chat_message");
    expect(chat).toMatchObject({ from: { userId: eve } });
    expect(chat["id"]).not.toBe("mine");
    expect(chat["sentAt"]).not.toBe("1970-01-01");
    expect(await other.seen("poked")).toMatchObject({ from: { userId: eve } });
    expect(other.all({ content: "psst" })).toEqual([]);
  });

  it.each(["throws", "rejects", "hangs", "thenable"])(
    "C15: a failing handler (%s) is answered without details",
    async (how) => {
      const client = await app.v1();
      const code = how === "hangs" ? "timeout" : "internal";
      for (const answer of [await client.deliver("fail", { how }), await client.request("fail", { how })]) {
        expect(answer).toMatchObject({ code });
        expect(JSON.stringify(answer)).not.toMatch(/hunter2|\.ts/);
      }
    },
  );

  it("C15: a handler that resolves after the close does no harm", async () => {
    const eve = app.user("eve");
    const client = await app.v1(eve);
    client.post("wait", { ms: 100, tag: "late" });
    await client.cut();
    await until("the handler", async () => (await app.journal("wait", eve)).length === 1);
  });

  it("C18: text of a client never begins a line of the log", async () => {
    const evil = "eve\r\n\u001b[31mFAKE\u2028%0d%0a";
    const headers = { "user-agent": "A".repeat(4_000), "x-forwarded-for": "1.1.1.1\tFAKE" };
    const client = await app.plain(app.user("eve"), { headers });
    const messages = [evil, { type: evil }, { type: "join", room: evil }, { type: "request", name: evil }];
    for (const message of messages) client.send(message);
    client.send({ type: "fail", how: "throws", note: evil });
    await client.sync();
    expect(JSON.stringify(await app.command("log"))).not.toMatch(/FAKE|%0d|AAAA/);
  });

  it("C19: markup in a chat message arrives unchanged, as text", async () => {
    const content = `<img src=x onerror=alert(1)><script>alert(1)</script>`;
    const [client, other] = [await app.v1(), await app.v1()];
    await client.deliver("chat_message", { content });
    expect(await other.seen("chat_message")).toMatchObject({ content });
  });
});

describeAttacks("C: floods", { limits: RATES }, (app) => {
  it("C16: 10,000 messages at once close the sender with 4029, and other clients receive every message", async () => {
    const client = await app.plain();
    for (let n = 0; n < 10_000; n++) client.send({ type: "note", text: "flood" });
    const { code, reason } = await client.end();
    expect([code, reason]).toEqual([4029, expect.stringMatching(/^retryAfterMs=\d+$/)]);
    expect((await app.events("flood")).at(-1)).toMatchObject({ code: 4029 });
  });

  it(
    "C16: 10,000 messages a second from one client leave the p99 of others below 50 ms and its other tab connected",
    { retry: 2 },
    async () => {
      const [mallory, note] = [app.user("mallory"), { type: "note", text: "flood" }];
      const [other, neighbour] = [await app.plain(mallory), await app.plain()];
      const before = await p99(async () => neighbour.sync(), 25);
      let [isRunning, sent] = [true, 0];
      const flood = async (): Promise<void> => {
        while (isRunning) {
          const due = performance.now() + 200;
          const tab = await app.plain(mallory);
          for (let n = 0; n < 2_000; n++) tab.send(note);
          sent += 2_000;
          expect((await tab.end()).code).toBe(4029);
          await pause(Math.max(0, due - performance.now()));
        }
      };
      const startedAt = performance.now();
      const attack = flood();
      const during = await p99(async () => neighbour.sync(), 25);
      const perSecond = (sent * 1_000) / (performance.now() - startedAt);
      isRunning = false;
      await attack;
      expect([other.isOpen, neighbour.isOpen]).toEqual([true, true]);
      const what = `${before.toFixed(1)} ms without, ${during.toFixed(1)} ms at ${perSecond.toFixed(0)} a second`;
      expect(perSecond, what).toBeGreaterThan(5_000);
      expect(during, what).toBeLessThan(50);
    },
  );

  it("C17: large valid messages are limited by a rate of bytes", async () => {
    const client = await app.plain();
    for (let n = 0; n < 12; n++) client.send({ type: "note", text: "x", padding: "x".repeat(60_000) });
    expect(await client.next("error")).toMatchObject({ code: "rate_limited" });
    expect(client.isOpen).toBe(true);
  });
});
