// A client and a handle of a room, kept by what a page is made of: Vue, MobX and Immer put a Proxy around what they keep, copy it or
// freeze it. And their members, taken out of them.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { produce } from "immer";
import { autorun, makeAutoObservable, observable, runInAction } from "mobx";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isProxy, reactive, readonly, ref, shallowReactive } from "vue";
import { startEchoServer } from "../support/echo-server.ts";
import type { EchoProtocol, EchoServer } from "../support/echo-server.ts";
import { POLL } from "../support/wait.ts";

type Client = WebSocketClient<EchoProtocol>;

let server: EchoServer;
let client: Client;
beforeAll(async () => {
  server = await startEchoServer();
});
afterAll(() => server.close());
afterEach(() => {
  client.close();
});

/** Every member of a client and of a room, through whatever holds them. */
async function drive(held: Client): Promise<void> {
  const states: string[] = [];
  held.onStateChange(({ status }) => states.push(status));
  const room = held.join("general");
  const heard: string[] = [];
  const stop = room.on("chat_message", ({ content }) => heard.push(content));
  expect((await room.ready).status).toBe("joined");
  expect(await room.send("chat_message", { content: "hello" })).toMatchObject({ status: "delivered" });
  await expect.poll(() => heard, POLL).toEqual(["hello"]);
  await expect.poll(() => room.users.map(({ name }) => name), POLL).toEqual(["ada"]);
  stop();
  expect(await held.request("echo", "hi")).toBe("hi");
  expect(held.user?.name).toBe("ada");
  await expect.poll(() => held.users.map(({ name }) => name), POLL).toEqual(["ada"]);
  room.leave();
  expect(room.state.status).toBe("left");
  held.reconnect();
  await expect.poll(() => held.state.status, POLL).toBe("open");
  held.close();
  expect(held.state.status).toBe("closed");
  expect(states.at(-1)).toBe("closed");
}

const HOLDERS: readonly (readonly [string, (made: Client) => Client])[] = [
  ["Vue's ref", (made) => ref(made).value],
  ["Vue's reactive", (made) => reactive({ client: made }).client],
  ["Vue's readonly", (made) => readonly(made)],
  ["Vue's shallowReactive", (made) => shallowReactive(made)],
  ["MobX's observable", (made) => observable({ client: made }).client],
  ["MobX's observable box", (made) => observable.box(made).get()],
  ["a MobX store", (made) => makeAutoObservable({ client: made }).client],
  [
    "a frozen state of Immer",
    (made) =>
      produce<{ made?: unknown }>({}, (draft) => {
        draft.made = made;
      }).made as Client,
  ],
  ["a Proxy without traps", (made) => new Proxy(made, {})],
  ["an object that inherits from it", (made) => Object.create(made) as Client],
];

describe("a client", () => {
  it.each(HOLDERS)("works in %s [s-H8]", async (_name, hold) => {
    client = createWebSocketClient<EchoProtocol>({ url: server.url });
    await drive(hold(client));
  });

  it("works destructured, and its members are the same at each read [s-H8]", async () => {
    client = createWebSocketClient<EchoProtocol>({ url: server.url });
    expect(client.send).toBe(client.send);
    const { close, join, on, onStateChange, reconnect, request, send } = client;
    const held: Client = { ...client, close, join, on, onStateChange, reconnect, request, send };
    const opened = new Promise<void>((resolve) => {
      onStateChange(({ status }) => status === "open" && resolve());
    });
    const heard: string[] = [];
    on("chat_message", ({ content }) => heard.push(content));
    await opened;
    expect(await held.request("echo", "hi")).toBe("hi");
    expect(await send("chat_message", { content: "to all" })).toMatchObject({ status: "delivered" });
    await expect.poll(() => heard, POLL).toEqual(["to all"]);
    close();
    expect(client.state.status).toBe("closed");
  });
});

describe("a handle of a room", () => {
  it.each([
    ["a Proxy of Vue", (room: object) => reactive(room)],
    ["a Proxy without traps", (room: object) => new Proxy(room, {})],
  ])("works in %s, and destructured [s-H8]", async (_name, hold) => {
    client = createWebSocketClient<EchoProtocol>({ url: server.url });
    const room = client.join("general");
    const held = hold(room) as typeof room;
    const { leave, on, onGap, onStateChange, onUsersChange, send } = held;
    const heard: string[] = [];
    on("chat_message", ({ content }) => heard.push(content));
    onGap(() => heard.push("gap"));
    onStateChange(({ status }) => heard.push(status));
    onUsersChange((users) => heard.push(`${String(users.length)} users`));
    expect((await held.ready).status).toBe("joined");
    expect(await send("chat_message", { content: "hello" })).toMatchObject({ status: "delivered" });
    await expect.poll(() => heard, POLL).toEqual(expect.arrayContaining(["joined", "1 users", "hello"]));
    expect(held.name).toBe("general");
    leave();
    expect(held.state.status).toBe("left");
  });
});

it("what Vue and MobX show of a client follows it by its events [s-H8]", async () => {
  client = createWebSocketClient<EchoProtocol>({ url: server.url });
  const inVue = reactive({ client, status: client.state.status });
  const inMobx = observable({ status: client.state.status });
  expect(isProxy(inVue.client)).toBe(true);
  const shown: string[] = [];
  autorun(() => shown.push(inMobx.status));
  inVue.client.onStateChange(({ status }) => {
    inVue.status = status;
    runInAction(() => (inMobx.status = status));
  });
  await expect.poll(() => [inVue.status, shown.at(-1)], POLL).toEqual(["open", "open"]);
});
