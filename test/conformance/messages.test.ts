import { expect, it } from "vitest";
import { onEachBackplane, onEachBackplaneIfLong } from "../support/test-app.ts";

const PROTOTYPE_NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "then"];

onEachBackplane("messages", {}, (app) => {
  it.each(["nonsense", "users", ...PROTOTYPE_NAMES])(
    "a message of the unknown type %j gets unknown_type",
    async (type) => {
      for (const client of [await app.plain(), await app.v1()]) {
        client.send(`{"type":${JSON.stringify(type)},"$":{"id":"r1"}}`);
        expect(await client.next("error")).toMatchObject({ code: "unknown_type", $: { re: "r1" } });
      }
    },
  );

  it.each(serverOnlyMessages())(
    "a client that sends the server's type $type gets unknown_type, and no client receives it",
    async (message) => {
      const [ada, bob] = [await app.plain(), await app.plain()];
      const received = bob.all(message.type).length;
      ada.send({ ...message, $: { seq: 3 } });
      expect(await ada.next("error")).toMatchObject({ code: "unknown_type", $: { re: 3 } });
      ada.send("probe");
      await bob.seen({ type: "chat_message", content: "probe" });
      expect(bob.all(message.type)).toHaveLength(received);
    },
  );

  it("a message of the application reaches its handler", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const reply = await client.deliver("note", { text: "remember", unknown: "ignored" });
    expect(reply).toMatchObject({ type: "reply", result: { id: expect.any(String) as string } });
    expect(await app.journal("note", ada)).toMatchObject([{ text: "remember" }]);
  });

  it("a message that fails its schema gets invalid_message with the issues and runs no handler", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    for (const text of [undefined, 5, "", "x".repeat(201)]) {
      const error = await client.deliver("note", { text });
      expect(error).toMatchObject({
        type: "error",
        code: "invalid_message",
        retryable: false,
        issues: [{ path: "text" }],
      });
    }
    expect(await app.journal("note", ada)).toEqual([]);
  });

  it("a message with 5,000 mistakes gets five issues in at most 1 KiB", async () => {
    const client = await app.v1();
    const error = await client.deliver("many", { items: Array.from({ length: 5_000 }, () => "x") });
    expect(error).toMatchObject({ code: "invalid_message" });
    expect(error["issues"]).toHaveLength(5);
    expect(Buffer.byteLength(JSON.stringify(error))).toBeLessThanOrEqual(1024);
  });

  it("a message with a type of 5,000 characters gets an error of at most 1 KiB", async () => {
    const client = await app.v1();
    const id = "i".repeat(64);
    client.send({ type: "x".repeat(5_000), $: { id } });
    const error = await client.answer(id);
    expect(Buffer.byteLength(JSON.stringify(error))).toBeLessThanOrEqual(1024);
  });

  it("a handler class of the reference gets the message and both maps", async () => {
    const ada = app.user();
    const client = await app.plain(ada);
    client.send({ type: "custom_message", content: "hello" });
    client.send({ type: "custom_message", content: "" });
    expect(await client.next("error")).toMatchObject({ code: "invalid_message" });
    expect(await app.journal("custom_message", ada)).toMatchObject([
      { data: { type: "custom_message", content: "hello" }, found: [expect.any(String), true] },
    ]);
  });

  it("a message that requires a role is forbidden without that role", async () => {
    const [ada, admin] = [await app.v1(app.user("ada")), await app.v1(app.user("admin"))];
    expect(await ada.deliver("admins_only")).toMatchObject({ type: "error", code: "forbidden" });
    expect(await admin.deliver("admins_only")).toMatchObject({ type: "reply" });
  });

  it("a message whose $ fails its schema gets invalid_message", async () => {
    const client = await app.plain();
    const bad = [
      '{"seq":0}',
      '{"seq":1.5}',
      '{"seq":"1"}',
      '{"id":""}',
      `{"id":"${"x".repeat(65)}"}`,
      '{"id":{}}',
      "[]",
      "5",
    ];
    for (const meta of bad) {
      client.send(`{"type":"note","text":"x","$":${meta}}`);
      expect(await client.next("error"), meta).toMatchObject({ code: "invalid_message" });
    }
  });
});

onEachBackplaneIfLong("pings", {}, (app) => {
  it("a ping is answered by a pong with the same id", async () => {
    for (const client of [await app.plain(), await app.v1()]) {
      client.send({ type: "ping" });
      expect(await client.next("pong")).toEqual({ type: "pong" });
      client.send({ type: "ping", $: { id: "p1" } });
      expect(await client.next("pong")).toEqual({ type: "pong", $: { re: "p1" } });
    }
  });

  it("a ping is answered while a handler hangs", async () => {
    const client = await app.v1();
    client.post("fail", { how: "hangs" });
    await client.sync();
  });
});

onEachBackplaneIfLong("hostile frames", {}, (app) => {
  it("a frame over 64 KiB gets payload_too_large, and the third one closes the connection with 4413", async () => {
    const client = await app.v1();
    const large = { type: "note", text: "x".repeat(64 * 1024) };
    for (const times of [1, 2]) {
      client.send(large);
      await client.next({ type: "error", code: "payload_too_large" });
      expect(client.all("error")).toHaveLength(times);
    }
    client.send(large);
    expect(await client.end()).toMatchObject({ code: 4413 });
  });

  it("a frame of exactly 64 KiB is read", async () => {
    const client = await app.plain();
    const frame = (padding: number) => `{"type":"ping","padding":"${"x".repeat(padding)}"}`;
    client.send(frame(65_536 - frame(0).length));
    await client.next("pong");
  });

  it("the size of a frame is measured in bytes, not in characters", async () => {
    const client = await app.plain();
    client.send(`{"type":"ping","padding":"${"€".repeat(22_000)}"}`);
    expect(await client.next("error")).toMatchObject({ code: "payload_too_large" });
  });

  it("a frame over 1 MiB closes the connection with 1009", async () => {
    const client = await app.plain();
    client.send("x".repeat(1024 * 1024 + 1));
    expect([1009, 1006]).toContain((await client.end()).code);
  });

  it("a message of 33 levels gets invalid_message, and one of 32 levels is handled", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    const send = (seq: number, levels: number) => {
      client.send(`{"type":"nested","value":${nested(levels - 1)},"$":{"seq":${String(seq)}}}`);
    };
    send(1, 32);
    expect(await client.answer(1)).toMatchObject({ type: "reply" });
    send(2, 33);
    expect(await client.answer(2)).toMatchObject({ code: "invalid_message" });
    send(3, 30_000);
    expect(await client.answer(3)).toMatchObject({ code: "invalid_message" });
    expect(await app.journal("nested", ada)).toHaveLength(1);
  });

  it("a binary frame closes the connection with 4400", async () => {
    for (const client of [await app.plain(), await app.v1()]) {
      client.send(Buffer.from('{"type":"ping"}'));
      expect(await client.end()).toMatchObject({ code: 4400 });
      expect(client.all("pong")).toEqual([]);
    }
  });

  it("a message with prototype keys pollutes no prototype", async () => {
    const ada = app.user();
    const client = await app.plain(ada);
    const evil = '"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}';
    client.send(`{"type":"nested","value":{${evil}},${evil}}`);
    client.send(`{"type":"custom_message","content":{${evil}},${evil}}`);
    client.send(
      `{"type":"request","name":"echo","input":{"value":"x",${evil}},${evil},"$":{"id":"r1",${evil}}}`,
    );
    expect(await client.next("reply")).toEqual({ type: "reply", result: { value: "x" }, $: { re: "r1" } });
    expect(await app.command("health")).toMatchObject({ polluted: false });
  });
});

function serverOnlyMessages() {
  const user = { userId: "x", name: "X", connectedAt: "2026-11-23T09:00:00.000Z" };
  return [
    { type: "welcome" },
    { type: "user_list", users: [user], total: 1 },
    { type: "user_joined", users: [user], total: 1 },
    { type: "user_left", userIds: ["x"], total: 0 },
    { type: "announcement", message: "I am the server" },
    { type: "pong" },
    { type: "reply", result: 1 },
    { type: "left", room: "general", reason: "forbidden" },
    { type: "gap", ch: "all", epoch: "e", off: 1, reason: "lost" },
    { type: "reconnect", afterMs: 1 },
    { type: "error", code: "internal", message: "x", retryable: false },
    { type: "notice", text: "a server message of the application" },
  ];
}
