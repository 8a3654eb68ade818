import { expect, it } from "vitest";
import { channelsOf, joined, left, offsetOf, userIdsOf } from "../support/frame.ts";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

onEachRuntimeAndTwoNodes("rooms", {}, (app) => {
  it("a join is answered with the room's position, then the list of its users", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const client = await app.v1(ada);
    const ch = `room:${room}`;
    const reply = await client.join(room);
    expect(reply).toMatchObject({ type: "reply", result: { ch, epoch: expect.any(String) as string } });
    expect(reply["result"]).toMatchObject({ off: expect.any(Number) as number });
    const list = await client.next({ type: "user_list", room });
    expect(list).toMatchObject({ total: 1, users: [{ userId: ada }], $: { ch } });
    expect(client.frames.indexOf(reply)).toBeLessThan(client.frames.indexOf(list));
  });

  it("a plain client can join a room", async () => {
    const room = app.room();
    const client = await app.plain();
    client.send({ type: "join", room, $: { id: "j" } });
    expect(await client.next("reply")).toMatchObject({ result: { ch: `room:${room}` }, $: { re: "j" } });
    await client.next({ type: "user_list", room });
  });

  it("messages of a room reach its members and no other client", async () => {
    const room = app.room();
    const ch = `room:${room}`;
    const [ada, bob, outsider] = [await app.v1(), await app.v1(), await app.v1()];
    for (const client of [ada, bob]) await client.join(room);
    const reply = await ada.deliver("chat_message", { content: "inside" }, ch);
    const received = await bob.next("chat_message");
    expect(received).toMatchObject({ content: "inside", $: { ch } });
    expect(reply["result"]).toEqual({ id: received["id"], ch, off: offsetOf(received) });
    await app.command("publish", { count: 1, room });
    expect(await bob.next("notice")).toMatchObject({ text: "1", $: { ch } });
    await outsider.sync();
    expect([...outsider.all("chat_message"), ...outsider.all("notice")]).toEqual([]);
  });

  it("sendToRoom reaches every member but the excluded connection", async () => {
    const room = app.room();
    const [ada, bob] = [await app.v1(), await app.v1()];
    for (const client of [ada, bob]) await client.join(room);
    await ada.deliver("notify_room", { room, text: "to the others", excludeSender: true });
    expect(await bob.next("notice")).toMatchObject({ text: "to the others" });
    expect(await ada.seen("skip")).toMatchObject({ $: { ch: `room:${room}` } });
    expect(ada.all("notice")).toEqual([]);
  });

  it("a client outside a room cannot send to it", async () => {
    const [ada, bob] = [await app.v1(app.user("ada")), await app.v1(app.user("bob"))];
    const room = app.room();
    await bob.join(room);
    for (const type of ["chat_message", "note"]) {
      const error = await ada.deliver(type, { content: "let me in", text: "let me in" }, `room:${room}`);
      expect(error).toMatchObject({ type: "error", code: "forbidden" });
    }
    await bob.sync();
    expect(bob.all("chat_message")).toEqual([]);
    expect(await app.journal("note")).toEqual([]);
  });

  it("a client can send to no channel but a joined room", async () => {
    const bob = app.user("bob");
    const [eve, victim] = [await app.v1(app.user("eve")), await app.v1(bob)];
    for (const ch of [`user:${bob}`, "room:", "room:no spaces", "nonsense", "__proto__"]) {
      const error = await eve.deliver("chat_message", { content: "psst" }, ch);
      expect(error.type, ch).toBe("error");
      expect(["forbidden", "invalid_message"]).toContain(error["code"]);
    }
    await victim.sync();
    expect(victim.all("chat_message")).toEqual([]);
  });

  it("a room that authorize denies is forbidden in the welcome and delivers nothing", async () => {
    const client = await app.openV1(app.user());
    const room = app.room();
    const welcome = await client.hello({ rooms: ["secret", room] });
    expect([undefined, "forbidden"]).toContain(channelsOf(welcome)["room:secret"]?.recovered);
    expect(channelsOf(welcome)[`room:${room}`]?.recovered).toBe("new");
    await app.command("publish", { count: 1, room: "secret" });
    await client.sync();
    expect(client.all("notice")).toEqual([]);
    expect(await client.deliver("chat_message", { content: "x" }, "room:secret")).toMatchObject({
      code: "forbidden",
    });
  });

  it("the handler context contains the room of a message", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const client = await app.v1(ada);
    await client.join(room);
    await client.deliver("note", { text: "here" }, `room:${room}`);
    await client.deliver("note", { text: "everywhere" });
    expect(await app.journal("note", ada)).toMatchObject([{ text: "here", room }, { text: "everywhere" }]);
    expect((await app.journal("note", ada))[1]).not.toHaveProperty("room");
  });

  it("join and leave are idempotent, and the presence of a room counts users, not connections", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const watcher = await app.v1();
    await watcher.join(room);
    const tabs = [await app.v1(ada), await app.v1(ada)];
    for (const tab of tabs)
      for (let n = 0; n < 3; n++) expect(await tab.join(room)).toMatchObject({ type: "reply" });
    // Presence does not announce a user who joins and leaves within one batch.
    await watcher.next((frame) => frame["room"] === room && joined(ada)(frame));
    for (const tab of tabs) {
      for (let n = 0; n < 2; n++)
        expect(await tab.sendAndWait({ type: "leave", room })).toMatchObject({ type: "reply" });
    }
    await watcher.next((frame) => frame["room"] === room && left(ada)(frame));
    expect(watcher.all((frame) => frame["room"] === room && joined(ada)(frame))).toHaveLength(1);
    expect(watcher.all((frame) => frame["room"] === room && left(ada)(frame))).toHaveLength(1);
    expect(await app.command("listUsers", { room })).toMatchObject({ total: 1 });
  });

  it("leaving a room that was not joined gets a reply", async () => {
    const client = await app.v1();
    expect(await client.sendAndWait({ type: "leave", room: app.room() })).toMatchObject({ type: "reply" });
  });

  it("a room delivers nothing after it is left", async () => {
    const room = app.room();
    const client = await app.v1();
    await client.join(room);
    await client.sendAndWait({ type: "leave", room });
    await app.command("publish", { count: 1, room });
    await client.sync();
    expect(client.all("notice")).toEqual([]);
  });

  it("joins and leaves are announced with the room's name to its members only", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const [member, outsider, client] = [await app.v1(), await app.v1(), await app.v1(ada)];
    await member.join(room);
    await member.seen({ type: "user_list", room });
    await client.join(room);
    const frame = await member.next((message) => message["room"] === room && joined(ada)(message));
    expect(frame).toMatchObject({ total: 2, $: { ch: `room:${room}` } });
    expect(userIdsOf(await client.seen({ type: "user_list", room }))).toContain(ada);
    await client.close(1000);
    expect(await member.next((message) => message["room"] === room && left(ada)(message))).toMatchObject({
      total: 1,
    });
    await outsider.sync();
    expect(outsider.all({ room })).toEqual([]);
    expect(client.all((message) => message["room"] === room && joined(ada)(message))).toEqual([]);
  });

  it("a join that authorize denies is forbidden, and the connection stays open", async () => {
    const client = await app.v1();
    expect(await client.join("secret")).toMatchObject({ type: "error", code: "forbidden", retryable: false });
    expect(await client.join(app.room())).toMatchObject({ type: "reply" });
  });

  it.each(["", "all", "x".repeat(129), "🎉".repeat(129), "new\nline", "nul\0", "\u200b", "\u202eltr"])(
    "a join of the invalid room name %j gets invalid_message",
    async (room) => {
      const client = await app.v1();
      expect(await client.join(room)).toMatchObject({ type: "error", code: "invalid_message" });
    },
  );

  it.each(["__proto__", "constructor", "toString", "a:b.c-d_e", "a/b c", "star*", "Zürich", "x".repeat(128)])(
    "a room may have the name %j",
    async (room) => {
      const client = await app.v1();
      expect(await client.join(room)).toMatchObject({ type: "reply", result: { ch: `room:${room}` } });
      await client.sendAndWait({ type: "leave", room });
    },
  );

  it("the 101st room of a connection gets limit_exceeded, and the connection stays open", async () => {
    const client = await app.v1();
    for (let n = 0; n < 100; n++) expect(await client.join(app.room())).toMatchObject({ type: "reply" });
    expect(await client.join(app.room())).toMatchObject({ type: "error", code: "limit_exceeded" });
    await client.sync();
  });

  it("the server can add a connection to a room and remove it", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const client = await app.v1(ada);
    await app.command("join", { userId: ada, room });
    await client.next({ type: "user_list", room });
    await app.command("publish", { count: 1, room });
    await client.next("notice");
    await app.command("leave", { userId: ada, room });
    await app.command("publish", { count: 1, room });
    await client.sync();
    expect(client.all("notice")).toHaveLength(1);
  });

  it("a room is empty after its members disconnect", async () => {
    const room = app.room();
    const clients = [await app.v1(), await app.v1()];
    for (const client of clients) await client.join(room);
    await app.closeClients();
    await until("the room to be empty", async () => {
      const list = (await app.command("listUsers", { room })) as { readonly total: number };
      return list.total === 0;
    });
  });
});

onEachRuntimeAndTwoNodes("rooms without authorize", { authorizes: false }, (app) => {
  it("a join without the option authorize is forbidden, and the log names the missing option once", async () => {
    const client = await app.v1();
    for (let n = 0; n < 3; n++) {
      expect(await client.join("general")).toMatchObject({ type: "error", code: "forbidden" });
    }
    const lines = ((await app.command("log")) as string[]).filter((line) => line.includes("authorize:"));
    expect(lines).toHaveLength(1);
  });

  it("chat outside rooms works without the option authorize", async () => {
    const client = await app.v1();
    expect(await client.deliver("chat_message", { content: "hello" })).toMatchObject({ type: "reply" });
  });
});
