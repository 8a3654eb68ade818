import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { RawClient } from "../support/raw-client.ts";
import { project } from "../support/typescript.ts";
import { until } from "../support/wait.ts";
import { programs } from "./programs.ts";
import { SampleServer } from "./sample-server.ts";

describe("@halyard/client at the reference's Bun server", () => {
  const server = new SampleServer(project("reference-client", programs(), { types: ["bun"] }));
  const clients: { close(): unknown }[] = [];
  let url = "";
  beforeAll(async () => {
    [url] = await server.listen();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });
  afterAll(async () => server.stop());

  const open = async (user: string): Promise<WebSocketClient> => {
    const client = createWebSocketClient({ url: `${url}?user=${user}`, WebSocket });
    clients.push(client);
    await until(`${user} to be welcomed`, () => client.state.status === "open");
    return client;
  };

  it("the client is welcomed and knows its user and the online users", async () => {
    const [ada, bob] = [await open("ada"), await open("bob")];
    expect(bob.user).toMatchObject({ userId: "bob", name: "bob" });
    await until("both lists", () => ada.users.length === 2 && bob.users.length === 2);
    ada.close();
    await until("ada to be removed", () => bob.users.length === 1);
  });

  it("the client gets receipts and exchanges messages with a plain client", async () => {
    const plain = new RawClient({ url: `${url}?user=plain` });
    clients.push(plain);
    await (await plain.open()).next("user_list");
    const ada = await open("ada");
    const received: string[] = [];
    ada.on("chat_message", ({ content }) => received.push(content));
    const sending = ada.send("chat_message", { content: "from the client" });
    expect(await sending).toMatchObject({ status: "delivered", id: sending.id });
    expect(await plain.next("chat_message")).toMatchObject({ id: sending.id, content: "from the client" });
    plain.send("from wscat");
    await until("the plain client's text", () => received.includes("from wscat"));
    expect(received).toEqual(["from wscat"]);
  });

  it("the client receives the announcement", async () => {
    const ada = await open("ada");
    const received: string[] = [];
    ada.on("announcement", ({ message }) => received.push(message));
    server.run("broadcast");
    await until("the announcement", () => received.includes("Server maintenance in 5 minutes"));
  });

  it("the client loses and duplicates no message when its connection is cut", async () => {
    const sockets: WebSocket[] = [];
    class Tap extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols);
        sockets.push(this);
      }
    }
    const ada = createWebSocketClient({ url: `${url}?user=ada`, WebSocket: Tap });
    clients.push(ada);
    await until("ada to be welcomed", () => ada.state.status === "open");
    const bob = await open("bob");
    const received: string[] = [];
    ada.on("chat_message", ({ content }) => received.push(content));
    await bob.send("chat_message", { content: "1" });
    await until("the first message", () => received.length === 1);
    sockets.at(-1)?.terminate();
    await bob.send("chat_message", { content: "2" });
    expect(await ada.send("chat_message", { content: "sent while away" })).toMatchObject({
      status: "delivered",
    });
    await bob.send("chat_message", { content: "3" });
    await until("the others", () => received.length === 3);
    expect(received).toEqual(["1", "2", "3"]);
  });
});
