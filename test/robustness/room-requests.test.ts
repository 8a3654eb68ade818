// Requests in a room and results of sends, as an application meets them: the real client on the real server.
import { createWebSocketClient, isErrorOf } from "@halyard/client";
import type { WebSocketClient } from "@halyard/client";
import { afterEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachRuntime("a client in a room", {}, (app) => {
  const clients: WebSocketClient<typeof protocol>[] = [];
  const sockets: WebSocket[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  const connect = (user: string): WebSocketClient<typeof protocol> => {
    class Socket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { headers: { cookie: `session=${user}`, origin: ORIGIN } });
        sockets.push(this);
      }
    }
    const client = createWebSocketClient<typeof protocol>({ url: app.url, WebSocket: Socket });
    clients.push(client);
    return client;
  };

  it("asks in it as soon as it is joined, and its receipts carry the results of its sends [s-P1]", async () => {
    const ada = app.user("ada");
    const client = connect(ada);
    const room = client.join(app.room());
    const [sending, asking, time] = [
      room.send("place", { square: "e4" }),
      room.request("board"),
      client.request("time"),
    ];
    expect(await sending).toMatchObject({ status: "delivered", result: { ply: 1, by: ada, note: "none" } });
    expect(await time).toBe(12);
    expect(await asking).toEqual(expect.any(Array));
    expect(await room.request("board")).toEqual(["e4"]);
    sockets.at(-1)?.terminate();
    await until("the loss", () => client.state.status !== "open");
    expect(await room.request("board")).toEqual(["e4"]);
    const receipt = await client.send("chat_message", { content: "hello" });
    expect(receipt).toMatchObject({ status: "delivered", result: undefined });
  });

  it("that is refused, or has left it, is told forbidden [s-P1]", async () => {
    const client = connect(app.user("ada"));
    const refused = client.join("secret");
    const asked = refused.request("board");
    await expect(asked).rejects.toMatchObject({ code: "forbidden" });
    await expect(refused.request("board")).rejects.toMatchObject({ code: "forbidden" });
    const room = client.join(app.room());
    await room.ready;
    room.leave();
    await expect(room.request("board")).rejects.toMatchObject({ code: "forbidden" });
  });
});

onEachRuntime("a client that is refused with an error of the contract", {}, (app) => {
  it("has its code and its data, in the receipt and where a request rejects [s-P8]", async () => {
    class Socket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, { headers: { cookie: `session=${app.user("ada")}`, origin: ORIGIN } });
      }
    }
    const client = createWebSocketClient<typeof protocol>({ url: app.url, WebSocket: Socket });
    try {
      const receipt = await client.send("order", { how: "out of stock" });
      if (receipt.status !== "rejected" || receipt.error.code !== "out_of_stock")
        throw new Error("delivered");
      expect(receipt.error.data.left).toBe(2);
      const error: unknown = await client
        .request("order", { how: "closed" })
        .catch((caught: unknown) => caught);
      if (!isErrorOf<typeof protocol>(error) || error.code !== "closed_for_today")
        throw new Error("answered");
      expect(error).toMatchObject({ message: "closed for today", data: undefined, retryable: false });
      const other: unknown = await client
        .request("fail", { how: "refuses" })
        .catch((caught: unknown) => caught);
      expect(isErrorOf<typeof protocol>(other) && other.code === "conflict" && other.data).toBeUndefined();
    } finally {
      client.close();
    }
  });
});
