// What a client knows of its own numbers after a reconnect: kept, or forgotten.
import { createWebSocketClient } from "@halyard/client";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { AppServer } from "../support/app-server.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";

onEachRuntime("a welcome", {}, (app) => {
  it("says that the numbers of a client are known, also of one that has sent nothing yet [s-W1]", async () => {
    const page = new Page();
    const userId = app.user();
    for (let attempt = 1; attempt <= 3; attempt++) {
      const client = await app.openV1(userId, page);
      expect(await client.hello()).toMatchObject({ forgotten: false });
      // The server still holds the connection when the next attempt replaces it, or has seen its end.
      if (attempt > 1) await client.cut();
    }
  });

  it("says that the numbers of a client are forgotten where the server has never seen it [s-W1]", async () => {
    const page = new Page();
    page.attempt = 6;
    const client = await app.openV1(app.user(), page);
    expect(await client.hello()).toMatchObject({ forgotten: true });
    expect(await client.deliver("note", { text: "any number" })).toMatchObject({ type: "reply" });
  });

  it("says it to a user who presents the client id of another, too [s-W1]", async () => {
    const page = new Page();
    const client = await app.openV1(app.user(), page);
    await client.hello();
    expect(await (await app.openV1(app.user(), page)).hello()).toMatchObject({ forgotten: true });
  });
});

/** A socket that answers the first connection, forgets everything, and records what the client sends to the second one. */
class ForgetfulSocket extends EventTarget {
  static sockets: ForgetfulSocket[] = [];
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly sent: Record<string, unknown>[] = [];
  readonly protocol = "halyard.v1";
  readonly bufferedAmount = 0;
  binaryType = "blob";
  readyState = 1;

  constructor() {
    super();
    ForgetfulSocket.sockets.push(this);
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Record<string, unknown>;
    this.sent.push(frame);
    if (frame["type"] === "hello") this.#welcome(ForgetfulSocket.sockets.length > 1);
  }

  close(): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "", wasClean: false }));
  }

  #welcome(forgotten: boolean): void {
    const state = { epoch: "e", off: 0, recovered: forgotten ? true : "new" };
    const user = { userId: "u", name: "U", connectedAt: new Date(0).toISOString() };
    const limits = {
      messageBytes: 65_536,
      unacknowledged: 32,
      messagesPerSecond: 50,
      bytesPerSecond: 262_144,
    };
    const data = JSON.stringify({
      type: "welcome",
      connectionId: "c",
      user,
      limits,
      heartbeat: { intervalMs: 25_000, timeoutMs: 35_000 },
      ephemeral: [],
      forgotten,
      channels: { all: state },
      $: { re: "h" },
    });
    queueMicrotask(() => this.dispatchEvent(new MessageEvent("message", { data })));
  }
}

/** Without a contract, no request has a type. */
interface Asking {
  request(name: string, input: object): Promise<unknown>;
}

it("a client whose numbers are forgotten reports what it had written as unknown, and never sends it again [s-W1]", async () => {
  ForgetfulSocket.sockets = [];
  const client = createWebSocketClient({
    url: "ws://127.0.0.1:9/ws",
    WebSocket: ForgetfulSocket,
  });
  try {
    await expect.poll(() => client.state.status).toBe("open");
    const sending = client.send("chat_message", { content: "written" });
    const asking = (client as unknown as Asking).request("users", {});
    asking.catch(() => undefined);
    await expect.poll(() => ForgetfulSocket.sockets[0]?.sent.length).toBe(3);
    ForgetfulSocket.sockets[0]?.close();
    await expect.poll(() => ForgetfulSocket.sockets.length, { timeout: 5_000 }).toBe(2);
    await expect.poll(() => client.state.status).toBe("open");
    const later = client.send("chat_message", { content: "later" });
    await expect
      .poll(() => ForgetfulSocket.sockets[1]?.sent.map(({ content, name }) => content ?? name))
      .toEqual([undefined, "later"]);
    expect(await sending).toMatchObject({ status: "unknown" });
    await expect(asking).rejects.toMatchObject({ code: "unavailable" });
    void later;
  } finally {
    client.close();
  }
});

describe.each(["node", "bun"] as const)("a server that was restarted, on %s", (runtime) => {
  it("has forgotten what its predecessor ran: a send that was not answered is unknown and is not run twice [s-W2]", async () => {
    const first = new AppServer(runtime, {}, `${runtime}.ts`);
    const port = await first.listen();
    const headers = { cookie: "session=ada", origin: ORIGIN };
    const client = createWebSocketClient<typeof protocol>({
      url: `ws://127.0.0.1:${String(port)}/ws`,
      backoff: { baseMs: 50 },
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers });
        }
      },
    });
    let second: AppServer | undefined;
    try {
      const room = client.join("hall");
      await room.ready;
      const receipt = room.send("wait", { ms: 500, tag: "once" });
      // The reply shows that the frame before it was read.
      await client.request("count", {});
      await first.stop();
      const later = room.send("note", { text: "never written before" });
      second = new AppServer(runtime, { port }, `${runtime}.ts`);
      await second.listen();
      expect(await receipt).toMatchObject({ status: "unknown" });
      expect(await later).toMatchObject({ status: "delivered" });
      expect(await second.command("journal", { what: "wait" })).toEqual([]);
    } finally {
      client.close();
      await first.stop();
      await second?.stop();
    }
  });
});

onEachRuntime("a send that is repeated on the next connection", {}, (app) => {
  /** A client in a room that was cut off before it sent something to the room. */
  async function cutOff() {
    const [userId, page, room] = [app.user(), new Page(), app.room("slow")];
    const ada = await app.v1(userId, page);
    await ada.join(room);
    await ada.cut();
    return { userId, page, room };
  }

  it.each(["`hello.rooms`", "a new `join`"])(
    "waits for its room, which %s asks for in the same packet [s-D15]",
    async (way) => {
      const { userId, page, room } = await cutOff();
      const note = { type: "note", text: "repeated", $: { seq: ++page.seq, ch: `room:${room}` } };
      let ada: V1Client;
      if (way === "a new `join`") {
        page.rooms.clear();
        ada = await app.v1(userId, page);
        ada.sendTogether([{ type: "join", room, $: { id: "again" } }, note]);
      } else {
        ada = await app.openV1(userId, page);
        const welcomed = ada.hello();
        ada.send(note);
        expect(await welcomed).toMatchObject({ forgotten: false });
      }
      expect(await ada.answer(page.seq)).toMatchObject({ type: "reply" });
      expect(await app.journal("note", userId)).toMatchObject([{ text: "repeated", room }]);
    },
  );

  it("is `forbidden` by a server that has forgotten the client, whose welcome says so before [s-D15]", async () => {
    const { page, room } = await cutOff();
    page.rooms.clear();
    const ada = await app.openV1(app.user("another"), page);
    expect(await ada.hello()).toMatchObject({ forgotten: true });
    const answer = await ada.deliver("note", { text: "repeated" }, `room:${room}`);
    expect(answer).toMatchObject({ type: "error", code: "forbidden" });
  });
});
