// A client in another language, written from PROTOCOL.md alone, keeps what the protocol promises: `python/halyard.py`.
import { createRandom } from "@halyard/testing";
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import type { Frame } from "../support/frame.ts";
import { PythonClient } from "../support/python-client.ts";
import { RATES } from "../support/real-limits.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

const NEMESIS_MS = 1_500;

/** Opens clients in Python, straight or through a proxy, and closes them after each test. */
class Scene {
  readonly #app: TestApp;
  readonly #clients: PythonClient[] = [];
  readonly #proxies: FaultProxy[] = [];

  constructor(app: TestApp) {
    this.#app = app;
  }

  async open(userId = this.#app.user(), port = this.#app.port, options = {}): Promise<PythonClient> {
    const headers = { Cookie: `session=${userId}`, Origin: ORIGIN };
    const client = new PythonClient({ url: `ws://127.0.0.1:${String(port)}/ws`, headers, ...options });
    this.#clients.push(client);
    await client.welcomed();
    return client;
  }

  async proxy(seed = 1): Promise<FaultProxy> {
    const proxy = await createFaultProxy({ target: { port: this.#app.port }, seed });
    this.#proxies.push(proxy);
    return proxy;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map(async (client) => client.stop()));
    await Promise.all(this.#proxies.splice(0).map(async (proxy) => proxy.close()));
  }
}

function sceneOf(app: TestApp): Scene {
  const scene = new Scene(app);
  afterEach(async () => scene.close());
  return scene;
}

function textsOf(client: PythonClient, type: string, field: string): unknown[] {
  return client.frames.filter((frame) => frame.type === type).map((frame) => frame[field]);
}

/** Expects the offsets of a channel to rise: no frame came twice, and none came late. */
function expectRisingOffsets(frames: readonly Frame[], ch: string): void {
  const offsets = frames.flatMap(({ $ }) => ($?.ch === ch && $.off !== undefined ? [$.off] : []));
  expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
}

const numbers = (count: number, from = 1): string[] =>
  Array.from({ length: count }, (_, n) => String(n + from));

/** The default rates, but three times as many frames and no rate of chat messages: 200 of them would wait for 38 s. */
const PACED = {
  ...RATES,
  messagesPerSecond: 150,
  messageBurst: 160,
  chatPerSecond: 100_000,
  chatBurst: 100_000,
};

onEachRuntime("a client in Python", { limits: PACED }, (app) => {
  const scene = sceneOf(app);

  it("connects, joins a room, sends to it, hears the others there, asks, answers and leaves", async () => {
    const [ada, bob] = [app.user("ada"), app.user("bob")];
    const [client, other] = [await scene.open(ada), await scene.open(bob)];
    const room = app.room();
    const ch = `room:${room}`;
    expect((await client.ask("join", { room }))["result"]).toMatchObject({ ch });
    await other.ask("join", { room });
    const sent = await client.ask("send", { content: "hello", room });
    const [numbered] = client.all("numbered");
    expect(sent["result"]).toMatchObject({ id: numbered?.["id"], ch });
    const heard = await other.seen("the message", ({ frame }) => frame?.type === "chat_message");
    expect(heard.frame).toMatchObject({ content: "hello", id: numbered?.["id"], from: { userId: ada } });
    const echo = await client.ask("request", { name: "echo", input: { value: "x" } });
    expect(echo["result"]).toEqual({ value: "x" });
    expect(await client.ask("request", { name: "nobody" })).toMatchObject({ code: "not_found" });
    expect(await app.command("request", { userId: ada })).toEqual({ value: "sure?" });
    await client.ask("leave", { room });
    await other.ask("send", { content: "gone", room });
    expect(await client.ask("send", { content: "back", room })).toMatchObject({ code: "forbidden" });
    expect(textsOf(client, "chat_message", "content")).toEqual(["hello"]);
  });

  it("sends text of every kind, and gets it back as it was", async () => {
    const client = await scene.open();
    const content = 'Zürich 東京 🚢 \u0000 \u2028 " \\ \n';
    await client.ask("send", { content });
    await client.ask("send", { content: "half \ud800 a pair" });
    expect(textsOf(client, "chat_message", "content")).toEqual([content, "half \ufffd a pair"]);
  });

  it("resumes after a cut: no message of its room is lost, and none comes twice", async () => {
    const client = await scene.open();
    const room = app.room();
    await client.ask("join", { room });
    await app.command("publish", { count: 20, room });
    await until("the first 20", () => textsOf(client, "notice", "text").length === 20);
    client.do("cut", { hold: true });
    await client.seen("the cut", ({ event }) => event === "closed");
    await app.command("publish", { count: 20, room });
    client.do("resume");
    const { channels } = await client.welcomed(2);
    expect(channels).toMatchObject({ [`room:${room}`]: { recovered: true } });
    await app.command("publish", { count: 1, room });
    await until("the last one", () => textsOf(client, "notice", "text").length >= 41);
    expect(textsOf(client, "notice", "text")).toEqual([...numbers(20), ...numbers(20), "1"]);
    expectRisingOffsets(client.frames, `room:${room}`);
  });

  it("repeats a send and a request whose answers were lost, and both run once [s-W1]", async () => {
    const ada = app.user();
    const proxy = await scene.proxy();
    const client = await scene.open(ada, proxy.port);
    for (const connection of proxy.connections) connection.stall("down");
    const send = client.do("send", { content: "once" });
    const request = client.do("request", { name: "wait", input: { ms: 0, tag: "once" } });
    for (const what of ["chat", "request"])
      await until(`${what} to run`, async () => (await app.journal(what, ada)).length === 1);
    for (const connection of proxy.connections) connection.cut();
    expect((await client.answer(send))["result"]).toMatchObject({ id: client.all("numbered")[0]?.["id"] });
    expect((await client.answer(request))["result"]).toBe("once");
    expect(await app.journal("chat", ada)).toHaveLength(1);
    expect(await app.journal("request", ada)).toHaveLength(1);
    expect(textsOf(client, "chat_message", "content")).toEqual(["once"]);
    expect((await client.welcomed(2))["forgotten"]).toBe(false);
  });

  it("gives a send up that is too old to be repeated, and the number of it is used in either case", async () => {
    const ada = app.user();
    const proxy = await scene.proxy();
    const client = await scene.open(ada, proxy.port, { repeatWithin: 0 });
    for (const direction of ["down", "up"] as const) {
      for (const connection of proxy.connections) connection.stall(direction);
      const sent = client.do("send", { content: direction });
      if (direction === "down")
        await until("it to run", async () => (await app.journal("chat", ada)).length > 0);
      else await client.seen("the number", (line) => line.event === "numbered" && line.tag === sent);
      for (const connection of proxy.connections) connection.cut();
      expect(await client.answer(sent)).toMatchObject({ code: "unknown", unknown: true });
      expect(await client.ask("send", { content: "next" })).toHaveProperty("result");
    }
    const ran = (await app.journal("chat", ada)).map(({ content }) => content);
    expect(ran).toEqual(["down", "next", "next"]);
  });

  it("keeps to the rates of its welcome: 200 sends and 50 requests at once are all answered, and none is refused", async () => {
    const [client, other] = [await scene.open(), await scene.open()];
    const contents = numbers(200);
    const tags = contents.map((content) => client.do("send", { content }));
    for (const value of numbers(50)) tags.push(client.do("request", { name: "echo", input: { value } }));
    for (const tag of tags) expect(await client.answer(tag, 10_000)).toHaveProperty("result");
    await until("the last one", () => textsOf(other, "chat_message", "content").length >= 200);
    expect(textsOf(other, "chat_message", "content")).toEqual(contents);
    expect(textsOf(client, "error", "code")).toEqual([]);
    expect(client.all("closed")).toEqual([]);
  });

  it("asks again when a join is over the rate of joins, which its welcome does not name", async () => {
    const client = await scene.open();
    const rooms = Array.from({ length: RATES.joinBurst + 3 }, () => app.room());
    const tags = rooms.map((room) => client.do("join", { room }));
    for (const tag of tags) expect(await client.answer(tag)).toHaveProperty("result");
    expect(new Set(textsOf(client, "error", "code"))).toEqual(new Set(["rate_limited"]));
  });

  it("stops after a close code of 4400 and above, and comes back after the others", async () => {
    const [ada, bob] = [app.user("ada"), app.user("bob")];
    const [banned, back] = [await scene.open(ada), await scene.open(bob)];
    await app.command("disconnectUser", { userId: ada, code: 4403 });
    await app.command("disconnectUser", { userId: bob, code: 4000 });
    await back.welcomed(2);
    const closed = await banned.seen("the close", ({ event }) => event === "closed");
    expect(closed).toMatchObject({ code: 4403, stop: true });
    expect(back.all("closed")).toMatchObject([{ code: 4000, stop: false }]);
    expect(banned.all("welcome")).toHaveLength(1);
  });

  it("loses, doubles and reorders nothing while its connections are cut at random", async () => {
    const seed = Date.now() % 1_000_000;
    const context = `seed ${String(seed)}`;
    process.stdout.write(`another-language: ${context}\n`);
    const random = createRandom(seed);
    const proxy = await scene.proxy(seed);
    const ada = app.user();
    const [writer, reader] = [await scene.open(ada, proxy.port), await scene.open(undefined, proxy.port)];
    const room = app.room();
    await writer.ask("join", { room });
    await reader.ask("join", { room });
    const contents: string[] = [];
    const tags: string[] = [];
    const endAt = performance.now() + NEMESIS_MS;
    while (performance.now() < endAt) {
      for (let n = 0; n < 3; n++) {
        contents.push(String(contents.length + 1));
        tags.push(writer.do("send", { content: contents.at(-1), room }));
      }
      if (random() < 0.5) {
        const [victim] = proxy.connections.slice(Math.floor(random() * proxy.connections.length));
        if (random() < 0.5) victim?.cut();
        else victim?.cutAfter(Math.floor(random() * 1_500), random() < 0.5 ? "up" : "down");
      }
      await pause(50);
    }
    for (const connection of proxy.connections) connection.resume();
    for (const tag of tags) expect(await writer.answer(tag, 10_000), context).toHaveProperty("result");
    for (const client of [reader, writer]) {
      await until(
        `${context}: every message`,
        () => textsOf(client, "chat_message", "content").length >= contents.length,
      );
      expect(textsOf(client, "chat_message", "content"), context).toEqual(contents);
      expect(textsOf(client, "gap", "reason"), context).toEqual([]);
      expectRisingOffsets(client.frames, `room:${room}`);
    }
    const cuts = [reader, writer].flatMap((client) => client.all("closed"));
    expect(cuts.length, context).toBeGreaterThan(1);
    expect((await app.journal("chat", ada)).map(({ content }) => content)).toEqual(contents);
  });
});

onEachRuntime("a client in Python, at a history of 5 messages", { limits: { historyMessages: 5 } }, (app) => {
  const scene = sceneOf(app);

  it("gets one gap for a room that went on beyond the history, nothing partial, and then what follows", async () => {
    const client = await scene.open();
    const room = app.room();
    await client.ask("join", { room });
    client.do("cut", { hold: true });
    await client.seen("the cut", ({ event }) => event === "closed");
    await app.command("publish", { count: 20, room });
    client.do("resume");
    await client.seen("the gap", ({ frame }) => frame?.type === "gap");
    await app.command("publish", { count: 2, room });
    await until("what follows", () => textsOf(client, "notice", "text").length >= 2);
    expect(textsOf(client, "notice", "text")).toEqual(["1", "2"]);
    expect(textsOf(client, "gap", "reason")).toEqual(["trimmed"]);
    const tag = client.do("state");
    const state = await client.seen("the state", (line) => line.event === "state" && line.tag === tag);
    const last = client.frames.findLast(({ type }) => type === "notice")?.$?.off;
    expect(state["positions"]).toMatchObject({ [`room:${room}`]: [expect.any(String), last] });
  });
});

it("docs/another-language.md quotes the client in Python as it is", () => {
  const read = (path: string): string => readFileSync(join(import.meta.dirname, path), "utf8");
  const source = read("../python/halyard.py");
  const quotes = [...read("../../docs/another-language.md").matchAll(/^```python\n(.*?)^```$/gms)];
  expect(quotes).not.toEqual([]);
  for (const [, quote = ""] of quotes) expect(source).toContain(quote);
});
