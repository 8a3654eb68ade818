// Rooms that the server gave: the client's until they are left, through reconnects, also on another node.
import { createWebSocketClient } from "@halyard/client";
import { afterEach, describe, expect, it } from "vitest";
import WebSocket from "ws";
import type { protocol } from "../fixtures/protocol.ts";
import { announce, comeBack, goAway, heard } from "../support/away.ts";
import { channelsOf } from "../support/frame.ts";
import { Answers, scene, text, textsOf } from "../support/rights-scene.ts";
import { onEachRuntime } from "../support/test-app.ts";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";
import type { NodeSocket } from "../support/two-nodes.ts";
import { Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

onEachRuntime("a room that manager.join gave", {}, (app) => {
  // The fixture's `authorize` denies this room to everybody.
  const room = "secret";
  const ch = `room:${room}`;

  it("goes on after a reconnect, with what was missed and without a question [s-D1]", async () => {
    const [ada, page] = [app.user("ada"), new Page()];
    const first = await app.v1(ada, page);
    await app.command("join", { userId: ada, room });
    await first.next("joined");
    await app.command("publish", { count: 1, room });
    await first.next({ type: "notice", text: "1" });
    await first.cut();
    await until("the close", async () => (await app.stats()).totalConnections === 0);
    await app.command("publish", { count: 2, room });
    const second = await app.openV1(ada, page);
    const welcome = await second.hello();
    expect(channelsOf(welcome)[ch]?.recovered).toBe(true);
    await second.next({ type: "notice", text: "2", $: { ch } });
    await second.next({ type: "user_list", room });
    expect(second.all("left")).toEqual([]);
    await app.command("publish", { count: 3, room });
    await second.next({ type: "notice", text: "3", $: { ch } });
  });

  it("is over when the server, or the client itself, has left it", async () => {
    for (const by of ["server", "client"]) {
      const [ada, page] = [app.user("ada"), new Page()];
      const first = await app.v1(ada, page);
      await app.command("join", { userId: ada, room });
      await first.next("joined");
      if (by === "server") await app.command("leave", { userId: ada, room });
      else expect(await first.sendAndWait({ type: "leave", room })).toMatchObject({ type: "reply" });
      await first.cut();
      const second = await app.openV1(ada, page);
      expect(Object.keys(channelsOf(await second.hello())).sort(), by).toEqual(["all", `user:${ada}`]);
      await second.cut();
    }
  });
});

describe("a room that the server gave", () => {
  it("stays when every right is asked again, and its history and users are not asked for [s-D1]", async () => {
    const answers = new Answers();
    const { manager, watch, connect } = await scene({ authorize: answers.authorize });
    const page = new Page();
    for (const action of ["join", "history", "presence"]) answers.denied.add(`${action} hall`);
    const ada = await connect("ada", page);
    const [ws] = manager.wsInstances.get("ada") ?? [];
    if (ws === undefined) throw new Error("not connected");
    await manager.join(ws, "hall");
    watch.change("ada");
    await until("the answers", () => answers.running === 0);
    await manager.sendToRoom("hall", text("kept"));
    await ada.sync();
    expect(ada.all({ type: "left" })).toEqual([]);
    expect(textsOf(ada)).toEqual(["kept"]);
    expect(ada.all({ type: "user_list", room: "hall" })).toHaveLength(1);
    await ada.cut();
    await until("the close", () => manager.getConnectionStats().totalConnections === 0);
    await manager.sendToRoom("hall", text("missed"));
    const again = await connect("ada", page);
    await until("the message", () => textsOf(again).includes("missed"));
    expect(answers.asked.filter((question) => question.endsWith(" hall"))).toEqual([]);
  });

  it("may not be published to without the right, and is joined by its client without one [s-D1]", async () => {
    const { manager, connect } = await scene({ authorize: ({ room }) => room === "all" });
    const ada = await connect("ada");
    const [ws] = manager.wsInstances.get("ada") ?? [];
    if (ws === undefined) throw new Error("not connected");
    await manager.join(ws, "hall");
    expect(await ada.join("hall")).toMatchObject({ type: "reply" });
    expect(await ada.deliver("chat_message", { content: "hi" }, "room:hall")).toMatchObject({
      code: "forbidden",
    });
  });

  it("looks to the official client after a reconnect as before: its messages come, with what was missed [s-D1]", async () => {
    const { url, manager, handlers } = await scene({ authorize: ({ room }) => room === "all" });
    handlers.on("notify_me", async (_message, { ws }) => {
      await manager.join(ws, "hall");
    });
    const client = createWebSocketClient<typeof protocol>({ url: `${url}?user=ada`, WebSocket });
    ends.push(() => client.close());
    const heard: string[] = [];
    client.on("notice", ({ text: said }, { room }) => {
      heard.push(`${String(room)} ${said}`);
    });
    await until("the welcome", () => client.state.status === "open");
    await client.send("notify_me", { text: "" });
    await manager.sendToRoom("hall", text("before"));
    await until("the first message", () => heard.length === 1);
    for (const ws of manager.wsInstances.get("ada") ?? []) ws.close(4000);
    await until("the close", () => manager.getConnectionStats().totalConnections === 0);
    await manager.sendToRoom("hall", text("while it was away"));
    await until("the reconnect", () => client.state.status === "open");
    await manager.sendToRoom("hall", text("after"));
    await manager.broadcastMessage(text("to all"));
    await until("the last message", () => heard.includes("undefined to all"));
    expect(heard).toEqual(["hall before", "hall while it was away", "hall after", "undefined to all"]);
    const room = client.join("hall");
    expect(await room.ready).toMatchObject({ status: "joined" });
  });
});

describe("on two nodes, a room that one of them gave to a client", () => {
  const clientId = newClientId();
  const announce = (nodes: TwoNodes, message: string): void =>
    void nodes.a.manager.sendToRoom("hall", { type: "announcement", message } as never);
  const announced = (socket: NodeSocket): unknown[] =>
    socket.of("announcement").map(({ message }) => message);
  const create = (): TwoNodes =>
    new TwoNodes({ authorize: ({ room }) => room === "all" }, { latencyMs: { min: 1, max: 25 } });

  /** The client on one node, in the room, and what it says on the other. */
  async function given(nodes: TwoNodes): Promise<NodeSocket> {
    const ada = await nodes.connect(nodes.a, "ada", { clientId });
    void nodes.a.manager.join(ada, "hall");
    await nodes.run(500);
    return ada;
  }

  it("is the client's on the other node: it gets what it missed, and what comes [s-D1]", async () => {
    const nodes = create();
    const ada = await given(nodes);
    const { epoch, off } = ada.of("joined")[0] as unknown as { epoch: string; off: number };
    ada.close(1006);
    announce(nodes, "missed");
    await nodes.run(500);
    const positions = [{ ch: "room:hall", epoch, off }];
    const again = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2, positions });
    announce(nodes, "live");
    await nodes.run(500);
    expect(announced(again)).toEqual(["missed", "live"]);
  });

  it("is over after a ban, a leave on the other node, and five minutes away", async () => {
    for (const end of ["ban", "leave", "five minutes"]) {
      const nodes = create();
      const ada = await given(nodes);
      ada.close(1006);
      await nodes.run(500);
      if (end === "ban") void nodes.b.manager.disconnectUser("ada", { code: 4403 });
      else if (end === "leave") {
        const other = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 });
        void nodes.b.manager.leave(other, "hall");
        await nodes.run(500);
        other.close(1006);
      } else await nodes.run(5 * 60_000 + 1_000);
      await nodes.run(500);
      const again = await nodes.connect(nodes.b, "ada", { clientId, attempt: 3 });
      expect(Object.keys(again.of("welcome")[0]?.["channels"] ?? {}), end).toEqual(["all", "user:ada"]);
    }
  });

  it("is the client's after the store was emptied, and one that was left is not after it has gone back", async () => {
    for (const loss of ["clear", "rewind"] as const) {
      const nodes = create();
      const ada = await given(nodes);
      if (loss === "rewind") {
        await nodes.run(2_000);
        void nodes.a.manager.leave(ada, "hall");
        void nodes.a.manager.join(ada, "yard");
        await nodes.run(500);
      }
      if (loss === "clear") nodes.shared.clear();
      else nodes.shared.rewind(1_500);
      await nodes.run(5_000);
      ada.close(1006);
      await nodes.run(500);
      const again = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 });
      const room = loss === "clear" ? "room:hall" : "room:yard";
      expect(Object.keys(again.of("welcome")[0]?.["channels"] ?? {}).sort(), loss).toEqual(
        ["all", room, "user:ada"].sort(),
      );
    }
  });
});

describe("a room that the server gave to a user whose rights are asked for again", () => {
  it("goes on where the server gives it while its right is being asked for, whatever is asked after that", async () => {
    let answer: boolean | Promise<boolean> = true;
    const nodes = new TwoNodes({
      authorize: ({ action, room }) => room !== "club" || action === "publish" || answer,
    });
    const ada = await nodes.connect(nodes.a, "ada", { rooms: ["club"] });
    answer = new Promise(() => {});
    void nodes.a.manager.reauthorize("ada");
    await nodes.run(100);
    void nodes.a.manager.join(ada, "club");
    await nodes.run(100);
    void nodes.a.manager.reauthorize("ada");
    await nodes.run(1_000);
    ada.frames.length = 0;
    void announce(nodes, "b", "for members", "club");
    await nodes.run(3_000);
    expect(heard(ada)).toEqual(["for members"]);
  });

  it("shows the user to nobody before it is entered, or where it was left first", async () => {
    const nodes = new TwoNodes();
    const ada = await nodes.connect(nodes.a, "ada");
    await goAway(nodes, "a");
    void nodes.a.manager.join(ada, "club");
    await nodes.run(100);
    nodes.a.manager.reauthorize("ada").catch(() => {});
    await nodes.run(100);
    nodes.a.manager.leave(ada, "club").catch(() => {});
    await comeBack(nodes);
    let list: unknown;
    void nodes.b.manager.listUsers({ room: "club" }).then((listed) => (list = listed));
    await nodes.run(1_000);
    expect(list).toMatchObject({ total: 0 });
  });
});
