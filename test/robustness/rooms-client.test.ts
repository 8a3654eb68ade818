import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { RATES } from "../support/real-limits.ts";
import { startScriptedServer } from "../support/scripted-server.ts";
import type { Script, ScriptedConnection } from "../support/scripted-server.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import { TIMEOUT_MS, until } from "../support/wait.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A client in a world of one server that joins it to every room. */
async function open(script: Script = {}) {
  let offset = 0;
  const server = await startScriptedServer({
    onFrame: (frame, { send }) => {
      const result =
        frame.type === "join" ? { ch: `room:${String(frame["room"])}`, epoch: "e1", off: offset } : undefined;
      if (frame.$?.["id"] !== undefined) send({ type: "reply", result, $: { re: frame.$["id"] } });
    },
    ...script,
  });
  ends.push(() => server.stop());
  const client: WebSocketClient = createWebSocketClient({ url: server.url, WebSocket });
  ends.push(() => client.close());
  await until("the connection", () => client.state.status === "open");
  const [connection] = server.connections;
  if (!connection) throw new Error("not connected");
  const say = (message: string, ch: string) =>
    connection.send({ type: "announcement", message, $: { ch, off: ++offset } });
  return { client, connection, say };
}

describe("a room that the server removed this client from", () => {
  it("brings each message once after it is joined again, and its old handle stays dead [s-D12]", async () => {
    const { client, connection, say } = await open();
    const heard: string[] = [];
    const old = client.join("general");
    old.on("announcement", ({ message }) => heard.push(`old ${message}`));
    old.onUsersChange((users) => heard.push(`old users ${String(users.length)}`));
    await old.ready;
    connection.send({ type: "left", room: "general", reason: "forbidden" });
    await until("the room to be left", () => old.state.status === "left");
    const fresh = client.join("general");
    fresh.on("announcement", ({ message }) => heard.push(`new ${message}`));
    await fresh.ready;
    const user = { userId: "bob", name: "Bob", connectedAt: "2026-11-23T09:00:00.000Z" };
    connection.send({
      type: "user_list",
      room: "general",
      users: [user],
      total: 1,
      $: { ch: "room:general" },
    });
    say("hello", "room:general");
    await until("the message", () => heard.includes("new hello"));
    expect(heard).toEqual(["new hello"]);
    expect([old.state.status, old.users, fresh.users.length]).toEqual(["left", [], 1]);
    expect(await old.send("chat_message", { content: "from the grave" })).toMatchObject({
      status: "rejected",
      error: { code: "forbidden" },
    });
    old.leave();
    expect(fresh.state.status).toBe("joined");
  });

  it("was refused at once: the handle never comes to life through another one [s-D12]", async () => {
    const { client, connection, say } = await open();
    const heard: string[] = [];
    const refused = client.join("general");
    connection.send({ type: "left", room: "general", reason: "forbidden" });
    await refused.ready;
    refused.on("announcement", ({ message }) => heard.push(`refused ${message}`));
    const fresh = client.join("general");
    fresh.on("announcement", ({ message }) => heard.push(`fresh ${message}`));
    await fresh.ready;
    say("hello", "room:general");
    await until("the message", () => heard.includes("fresh hello"));
    expect(heard).toEqual(["fresh hello"]);
  });
});

describe("a handle of a room", () => {
  it("keeps no listener for room.ready while it joins, however often it is read [s-D13]", async () => {
    const { client } = await open({ onFrame: () => undefined });
    const room = client.join("general");
    const ready = room.ready;
    for (let n = 0; n < 1_000; n++) expect(room.ready).toBe(ready);
  });

  it("keeps no listener after the server has ended it: what they hold on to is collected [s-D13]", async () => {
    const { client, connection } = await open();
    const held = await listenAndLose(client, connection);
    await until("the listener to be collected", () => {
      collectGarbage();
      return held.deref() === undefined;
    });
  });
});

const collectGarbage = (() => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
})();

/** In a function of its own, so that nothing of the test refers to the listener. */
async function listenAndLose(
  client: WebSocketClient,
  connection: ScriptedConnection,
): Promise<WeakRef<object>> {
  const room = client.join("general");
  const held = { large: "x".repeat(1_000) };
  room.on("announcement", () => held.large);
  await room.ready;
  connection.send({ type: "left", room: "general", reason: "forbidden" });
  await until("the room to be left", () => room.state.status === "left");
  return new WeakRef(held);
}

describe("a leave that the server refuses for its rate", () => {
  it("is sent again after the time that the server names [s-D11]", async () => {
    let leaves = 0;
    const { client } = await open({
      onFrame: (frame, { send }) => {
        const $ = { re: frame.$?.["id"] };
        const error = {
          type: "error",
          code: "rate_limited",
          message: "",
          retryable: true,
          retryAfterMs: 20,
          $,
        };
        if (frame.type === "leave" && ++leaves < 3) send(error);
        else send({ type: "reply", result: { ch: "room:general", epoch: "e1", off: 0 }, $ });
      },
    });
    const room = client.join("general");
    await room.ready;
    room.leave();
    await expect.poll(() => leaves, { timeout: TIMEOUT_MS }).toBe(3);
  });
});

onEachRuntime("a client on a server with the default rates", { limits: RATES }, (app) => {
  const clients: WebSocketClient<typeof protocol>[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  const connect = async (user: string) => {
    class Socket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { headers: { cookie: `session=${user}`, origin: ORIGIN } });
      }
    }
    const client = createWebSocketClient<typeof protocol>({ url: app.url, WebSocket: Socket });
    clients.push(client);
    await until("the connection", () => client.state.status === "open");
    return client;
  };

  it("has 150 requests at once answered, and stays connected [s-D11]", async () => {
    const client = await connect(app.user());
    const states: string[] = [];
    client.onStateChange(({ status }) => states.push(status));
    const requests = Array.from({ length: 150 }, () => client.request("count", {}));
    const settled = await Promise.allSettled(requests);
    expect(settled.filter(({ status }) => status === "rejected")).toEqual([]);
    expect(states).toEqual([]);
  });

  it("sends 30 requests and 90 leaves at once, and no ghost stays in a room [s-D11]", async () => {
    const observer = await app.v1();
    const client = await connect(app.user());
    const rooms = Array.from({ length: 90 }, () => client.join(app.room()));
    await Promise.all(rooms.map(({ ready }) => ready));
    expect(rooms.every(({ state }) => state.status === "joined")).toBe(true);
    const watched = rooms.slice(-25);
    for (const { name } of watched) await observer.join(name);
    const requests = Array.from({ length: 30 }, () => client.request("count", {}));
    for (const room of rooms) room.leave();
    const settled = await Promise.allSettled(requests);
    expect(settled.filter(({ status }) => status === "rejected")).toEqual([]);
    const ghosts = () => {
      const left = observer.all({ type: "user_left" }).map((frame) => frame["room"]);
      return watched.map(({ name }) => name).filter((name) => !left.includes(name));
    };
    await expect.poll(ghosts, { timeout: TIMEOUT_MS }).toEqual([]);
  });

  it.each(["online", "offline"])("delivers 40 messages that were sent %s before leave()", async (place) => {
    const [ada, name] = [app.user(), app.room()];
    const usersOf = async () => ((await app.command("listUsers", { room: name })) as { total: number }).total;
    const client = await connect(ada);
    const room = client.join(name);
    await room.ready;
    expect(await usersOf()).toBe(1);
    if (place === "offline") {
      await app.command("disconnectUser", { userId: ada, code: 4000 });
      await until("the cut", () => client.state.status === "waiting");
    }
    const texts = Array.from({ length: 40 }, (_, n) => String(n));
    const sendings = texts.map((text) => room.send("note", { text }));
    room.leave();
    const statuses = (await Promise.all(sendings)).map(({ status }) => status);
    expect(statuses).toEqual(texts.map(() => "delivered"));
    expect(await app.journal("note", ada)).toMatchObject(texts.map((text) => ({ text, room: name })));
    await expect.poll(usersOf, { timeout: TIMEOUT_MS }).toBe(0);
    expect([room.state.status, client.state.status]).toEqual(["left", "open"]);
  });
});
