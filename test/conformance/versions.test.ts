// A browser tab is always a version behind its server, and a server that is rolled back is behind its tabs.
// `pnpm test:versions` runs the whole conformance suites of both versions so.
import * as today from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { ORIGIN, TestApp } from "../support/test-app.ts";
import { until } from "../support/wait.ts";
import { EarlierVersion, FIRST_VERSION } from "../versions/earlier-version.ts";

type Client = WebSocketClient<typeof protocol>;
type ClientModule = Pick<typeof today, "createWebSocketClient">;

const earlier = new EarlierVersion();
let earlierFixtures: string;
beforeAll(async () => {
  await earlier.build(["protocol", "client", "server"]);
  earlierFixtures = join(earlier.suites("today", ["protocol", "server"]), "fixtures");
}, 120_000);
afterAll(() => {
  earlier.remove();
});

const PAIRS = [
  {
    title: `a client of ${FIRST_VERSION} at today's server`,
    isTodaysServer: true,
    load: async () => (await import(earlier.entry("client"))) as ClientModule,
  },
  {
    title: `today's client at a server of ${FIRST_VERSION}`,
    isTodaysServer: false,
    load: () => Promise.resolve<ClientModule>(today),
  },
];
const RUNTIMES = ["node", "bun"] as const;
const cases = PAIRS.flatMap((pair) => RUNTIMES.map((runtime) => ({ ...pair, runtime })));

describe.each(cases)("$title, on $runtime", ({ load, isTodaysServer, runtime }) => {
  let app: TestApp;
  let module: ClientModule;
  let proxy: FaultProxy;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    module = await load();
    const fixtures = isTodaysServer ? undefined : earlierFixtures;
    app = new TestApp(runtime, { limits: { historyMessages: 20 } }, fixtures);
    await app.start();
  });
  afterAll(async () => app.stop());
  beforeEach(async () => {
    proxy = await createFaultProxy({ target: { port: app.port } });
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await proxy.close();
    await app.closeClients();
  });

  async function open(userId: string): Promise<Client> {
    const headers = { cookie: `session=${userId}`, origin: ORIGIN };
    const client = module.createWebSocketClient<typeof protocol>({
      url: `ws://127.0.0.1:${String(proxy.port)}/ws`,
      backoff: { baseMs: 20 },
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers });
        }
      },
    });
    ends.push(() => {
      client.close();
    });
    await until("the client to be open", () => client.state.status === "open");
    return client;
  }

  const cut = (): void => {
    for (const connection of proxy.connections) connection.cut();
  };

  it("meets a server of the other version", async () => {
    const welcome = await (await app.openV1(app.user())).hello();
    expect("forgotten" in welcome).toBe(isTodaysServer);
  });

  it("joins a room, sends to it, gets receipts and replies, answers the server, and leaves", async () => {
    const [ada, bob] = [await open(app.user("ada")), await open(app.user("bob"))];
    const name = app.room();
    const [adas, bobs] = [ada.join(name), bob.join(name)];
    expect([(await adas.ready).status, (await bobs.ready).status]).toEqual(["joined", "joined"]);
    await until("both users", () => adas.users.length === 2 && bobs.users.length === 2);
    const texts: string[] = [];
    bobs.on("chat_message", ({ content, from }) => texts.push(`${from.name}: ${content}`));
    expect(await adas.send("chat_message", { content: "hello" })).toMatchObject({ status: "delivered" });
    await until("the message", () => texts.length === 1);
    expect(texts).toEqual([`${ada.user?.name ?? ""}: hello`]);
    expect(await ada.request("echo", { value: "asked" })).toEqual({ value: "asked" });
    ada.onRequest("confirm", ({ value }) => ({ value: `${value} yes` }));
    expect(await app.command("request", { userId: ada.user?.userId })).toEqual({ value: "sure? yes" });
    bobs.leave();
    await until("the change of users", () => adas.users.length === 1);
    const refused = await ada.join("secret").ready;
    expect(refused).toMatchObject({ status: "left", error: { code: "forbidden" } });
  });

  it("is refused what is wrong, message by message, and goes on", async () => {
    const ada = await open(app.user());
    const misfit = await ada.send("note", { text: "" });
    expect(misfit).toMatchObject({ status: "rejected", error: { code: "invalid_message" } });
    const large = ada.send("note", { text: "x".repeat(70_000) });
    expect(await large).toMatchObject({ status: "rejected", error: { code: "payload_too_large" } });
    await expect(ada.request("fail", { how: "refuses" })).rejects.toMatchObject({ code: "conflict" });
    expect(await ada.send("note", { text: "right" })).toMatchObject({ status: "delivered" });
  });

  it("loses nothing, doubles nothing and keeps the order when it is cut off again and again", async () => {
    const ada = await open(app.user());
    const name = app.room();
    const room = ada.join(name);
    await room.ready;
    const seen: string[] = [];
    const gaps: string[] = [];
    room.on("notice", ({ text }) => seen.push(text));
    ada.onGap((channel, reason) => gaps.push(`${channel} ${reason}`));
    const sendings = [];
    for (let round = 0; round < 4; round++) {
      const publishing = app.command("publish", { count: 5, room: name });
      for (let n = 0; n < 5; n++) sendings.push(ada.send("note", { text: String(round * 5 + n) }));
      cut();
      await publishing;
      await until("the reconnect", () => ada.state.status === "open");
    }
    const statuses = (await Promise.all(sendings)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set(["delivered"]));
    const notes = await app.journal("note", ada.user?.userId);
    expect(notes.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
    await until("all notices", () => seen.length >= 20);
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => String((n % 5) + 1)));
    expect(gaps).toEqual([]);
  });

  it("is told of a gap where more was missed than the history holds, and reads on behind it", async () => {
    const ada = await open(app.user());
    const name = app.room();
    const room = ada.join(name);
    await room.ready;
    const seen: string[] = [];
    room.onGap((reason) => seen.push(reason));
    room.on("notice", ({ text }) => seen.push(text));
    await app.command("publish", { count: 1, room: name });
    await until("the first notice", () => seen.length === 1);
    proxy.refuse();
    cut();
    await until("the loss to be noticed", () => ada.state.status !== "open");
    await app.command("publish", { count: 30, room: name });
    proxy.accept();
    await until("the gap", () => seen.length === 2);
    await app.command("publish", { count: 1, room: name });
    await until("the next notice", () => seen.length === 3);
    expect(seen).toEqual(["1", "trimmed", "1"]);
  });

  it("stops when its session ends, and says so", async () => {
    const ada = await open(app.user());
    await app.command("disconnectUser", { userId: ada.user?.userId, code: 4401 });
    await until("the end", () => ada.state.status === "authRequired");
  });
});
