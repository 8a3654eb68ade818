import { ServerFrame } from "@halyard/protocol";
import { expect, it } from "vitest";
import { offsetOf } from "../support/frame.ts";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";

onEachRuntimeAndTwoNodes("chat messages", {}, (app) => {
  it("a chat message reaches every client with its author, id, time and offset", async () => {
    const [ada, bob] = [await app.plain(app.user("ada")), await app.plain(app.user("bob"))];
    ada.send({ type: "chat_message", content: "hello" });
    const received = await bob.next("chat_message");
    expect(received).toMatchObject({
      content: "hello",
      from: { name: expect.stringContaining("Ada") as string },
    });
    expect(received).toMatchObject({
      id: expect.stringMatching(/^[\w-]{22,36}$/) as string,
      $: { ch: "all" },
    });
    expect(await ada.next("chat_message")).toEqual(received);
  });

  it("the server sets from, id and sentAt of a chat message, whatever the client sends", async () => {
    const ada = await app.plain(app.user("ada"));
    const forged = {
      id: "x",
      from: { userId: "root", name: "Root" },
      sentAt: "1999-01-01T00:00:00.000Z",
      userId: "root",
    };
    ada.send({ type: "chat_message", content: "trust me", ...forged });
    const received = await ada.next("chat_message");
    expect(received["id"]).not.toBe("x");
    expect(received).not.toHaveProperty("userId");
    expect(received).toMatchObject({ from: { name: expect.stringContaining("Ada") as string } });
    expect(Math.abs(Date.parse(String(received["sentAt"])) - Date.now())).toBeLessThan(60_000);
  });

  it("a chat message carries only public fields of its author", async () => {
    const ada = await app.plain(app.user("ada"));
    ada.send("hello");
    const { from } = await ada.next("chat_message");
    expect(Object.keys(from as object).sort()).toEqual(["connectedAt", "name", "userId"]);
  });

  it("chat messages have strictly increasing offsets, the same for every client", async () => {
    const [ada, bob] = [await app.plain(), await app.plain()];
    for (let n = 0; n < 20; n++) (n % 2 === 0 ? ada : bob).send(`message ${String(n)}`);
    for (const reader of [ada, bob])
      for (const n of [18, 19]) await reader.seen({ type: "chat_message", content: `message ${String(n)}` });
    const offsets = ada.all("chat_message").map(offsetOf);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    expect(bob.all("chat_message")).toEqual(ada.all("chat_message"));
  });

  it.each([{}, { content: 5 }, { content: "" }, { content: null }, { content: ["x"] }])(
    "a chat message with the fields %j gets invalid_message",
    async (fields) => {
      const ada = await app.plain();
      ada.send({ type: "chat_message", ...fields });
      const error = await ada.next("error");
      expect(error).toMatchObject({ code: "invalid_message", issues: [{ path: "content" }] });
      await ada.sync();
      expect(ada.all("chat_message")).toEqual([]);
    },
  );

  it("the hook beforePublish can reject or change a chat message", async () => {
    const ada = await app.plain();
    ada.send("refuse me");
    expect(await ada.next("error")).toMatchObject({ code: "forbidden", message: "Mind your words." });
    ada.send("break");
    const error = await ada.next("error");
    expect(error).toMatchObject({ code: "internal" });
    expect(JSON.stringify(error)).not.toContain("hunter2");
    ada.send("soften me");
    expect(await ada.next("chat_message")).toMatchObject({ content: "softened" });
  });

  it("lone surrogates in a chat message are replaced by U+FFFD", async () => {
    const ada = await app.plain();
    ada.send(String.raw`{"type":"chat_message","content":"a\ud800b"}`);
    expect(await ada.next("chat_message")).toMatchObject({ content: "a\uFFFDb" });
  });

  it("a plain client's send with a seq is answered, and its repetition is published again", async () => {
    const ada = await app.plain();
    const message = { type: "chat_message", content: "again", $: { seq: 7 } };
    ada.send(message);
    const [reply, received] = [
      await ada.seen({ type: "reply", $: { re: 7 } }),
      await ada.seen("chat_message"),
    ];
    expect(reply["result"]).toEqual({ id: received["id"], ch: "all", off: offsetOf(received) });
    ada.send(message);
    await ada.sync();
    ada.send("probe");
    await ada.seen({ type: "chat_message", content: "probe" });
    const copies = ada.all({ type: "chat_message", content: "again" });
    expect(new Set(copies.map(({ id }) => id)).size).toBe(2);
    expect(ada.all({ type: "reply", $: { re: 7 } })).toHaveLength(2);
  });
});

onEachRuntimeAndTwoNodes("frames from the server", {}, (app) => {
  it("every frame that the server sends fits its schema in PROTOCOL.md", async () => {
    const [ada, bob, eve] = [await app.v1(), await app.plain(), await app.v1()];
    const room = app.room();
    for (const client of [ada, eve]) await client.join(room);
    await ada.deliver("chat_message", { content: "to the room" }, `room:${room}`);
    ada.send({ type: "typing_indicator", isTyping: true });
    bob.send("{");
    bob.send({ type: "nonsense" });
    await app.command("announce", { message: "soon" });
    await ada.request("users", {});
    await ada.sendAndWait({ type: "leave", room });
    for (const client of [ada, bob, eve]) await client.sync();
    for (const frame of [ada, bob, eve].flatMap(({ frames }) => frames)) {
      expect(ServerFrame.safeParse(frame).error, JSON.stringify(frame)).toBeUndefined();
    }
  });
});
