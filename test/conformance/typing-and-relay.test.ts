import { expect, it } from "vitest";
import { onEachBackplane } from "../support/test-app.ts";

onEachBackplane("typing indicators", {}, (app) => {
  it("a typing indicator reaches other clients without an offset", async () => {
    const ada = app.user("ada");
    const [typist, watcher] = [await app.plain(ada), await app.v1()];
    typist.send({ type: "typing_indicator", isTyping: true });
    const frame = await watcher.next("typing_indicator");
    expect(frame).toEqual({ type: "typing_indicator", userId: ada, isTyping: true, $: { ch: "all" } });
    typist.send({ type: "typing_indicator", isTyping: false });
    expect(await watcher.next("typing_indicator")).toMatchObject({ userId: ada, isTyping: false });
  });

  it("a typing indicator in a room reaches its members only", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const [typist, member, outsider] = [await app.v1(ada), await app.v1(), await app.v1()];
    for (const client of [typist, member]) await client.join(room);
    typist.send({ type: "typing_indicator", isTyping: true, $: { ch: `room:${room}` } });
    expect(await member.next("typing_indicator")).toMatchObject({ userId: ada, $: { ch: `room:${room}` } });
    await outsider.sync();
    expect(outsider.all("typing_indicator")).toEqual([]);
  });

  it("a typing indicator for a room that is not joined is forbidden", async () => {
    const client = await app.v1();
    client.send({ type: "typing_indicator", isTyping: true, $: { ch: `room:${app.room()}` } });
    expect(await client.next("error")).toMatchObject({ code: "forbidden" });
  });

  it("a connection that closes stops typing for every client", async () => {
    const ada = app.user("ada");
    const [typist, watcher] = [await app.plain(ada), await app.plain()];
    typist.send({ type: "typing_indicator", isTyping: true });
    await watcher.next({ type: "typing_indicator", isTyping: true });
    await typist.cut();
    expect(await watcher.next("typing_indicator")).toMatchObject({ userId: ada, isTyping: false });
  });

  it("a typing indicator that fails its schema gets invalid_message", async () => {
    const client = await app.plain();
    client.send({ type: "typing_indicator", isTyping: "yes" });
    expect(await client.next("error")).toMatchObject({ code: "invalid_message" });
  });
});

onEachBackplane("relayed messages", {}, (app) => {
  it("an ephemeral message relayed to a room reaches its other members with its author and without an offset", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const ch = `room:${room}`;
    const [sender, member, outsider] = [await app.v1(ada), await app.v1(), await app.v1()];
    for (const client of [sender, member]) await client.join(room);
    sender.send({ type: "cursor_moved", x: 1, y: 2, from: { userId: "forged" }, $: { ch } });
    const received = await member.next("cursor_moved");
    expect(received).toMatchObject({ x: 1, y: 2, from: { userId: ada, name: `A${ada.slice(1)}` } });
    expect(received.$).toEqual({ ch });
    for (const client of [sender, outsider]) {
      await client.sync();
      expect(client.all("cursor_moved")).toEqual([]);
    }
  });

  it("the newest of many relayed ephemeral messages arrives", async () => {
    const room = app.room();
    const [sender, member] = [await app.v1(), await app.v1()];
    for (const client of [sender, member]) await client.join(room);
    for (let x = 0; x <= 50; x++) sender.send({ type: "cursor_moved", x, y: 0, $: { ch: `room:${room}` } });
    await member.seen({ type: "cursor_moved", x: 50 });
    const received = member.all("cursor_moved").map(({ x }) => Number(x));
    expect(received).toEqual([...received].sort((a, b) => a - b));
    expect(sender.all("error")).toEqual([]);
  });

  it("a message relayed to the room gets invalid_message outside a room", async () => {
    const client = await app.v1();
    client.send({ type: "cursor_moved", x: 1, y: 2 });
    expect(await client.next("error")).toMatchObject({ code: "invalid_message" });
  });

  it("a message relayed to all is retained, with an offset for others and a receipt and a skip for its sender", async () => {
    const [sender, other] = [await app.v1(app.user("ada")), await app.v1()];
    const reply = await sender.deliver("poked", { text: "hey", extra: "dropped" });
    const received = await other.next("poked");
    expect(received).toMatchObject({
      text: "hey",
      from: { userId: expect.stringContaining("ada") as string },
    });
    expect(received).not.toHaveProperty("extra");
    expect(reply).toMatchObject({ type: "reply", result: { ch: "all", off: received.$?.off } });
    expect(await sender.seen("skip")).toEqual({ type: "skip", $: { ch: "all", off: received.$?.off } });
    expect(sender.all("poked")).toEqual([]);
  });

  it("a relayed message that fails its schema reaches no client", async () => {
    const [sender, other] = [await app.v1(), await app.v1()];
    expect(await sender.deliver("poked", { text: 5 })).toMatchObject({ code: "invalid_message" });
    await other.sync();
    expect(other.all("poked")).toEqual([]);
  });
});
