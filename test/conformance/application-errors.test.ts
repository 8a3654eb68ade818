import { expect, it } from "vitest";
import { channelsOf } from "../support/frame.ts";
import { handshake } from "../support/handshake.ts";
import { UpgradeRejected } from "../support/raw-client.ts";
import { onEachBackplaneIfLong, ORIGIN } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

onEachBackplaneIfLong("errors of the application", { limits: { handlerMs: 300 } }, (app) => {
  it.each(["throws", "rejects", "hangs"])(
    "an authorize callback that %s denies the room and reveals nothing",
    async (room) => {
      const client = await app.v1();
      const error = await client.join(room);
      expect(error).toMatchObject({ type: "error" });
      expect(["forbidden", "internal", "unavailable", "timeout"]).toContain(error["code"]);
      expect(JSON.stringify(error)).not.toContain("hunter2");
      expect(await client.deliver("note", { text: "still here" })).toMatchObject({ type: "reply" });
    },
  );

  it.each(["throws", "rejects", "hangs"])(
    "an authorize callback that %s does not block the welcome",
    async (room) => {
      const client = await app.openV1(app.user());
      const welcome = await client.hello({ rooms: [room] });
      expect([undefined, "forbidden", "pending"]).toContain(channelsOf(welcome)[`room:${room}`]?.recovered);
    },
  );

  it("a pending authorize callback does not block other messages of its connection", async () => {
    const client = await app.v1();
    client.send({ type: "join", room: "hangs", $: { id: "j" } });
    await client.sync();
    expect(client.all({ $: { re: "j" } })).toEqual([]);
  });

  it.each(["throws", "rejects", "hangs", "thenable"])(
    "a failing onConnect hook (%s) does not affect other clients",
    async (how) => {
      const unlucky = await app.open(`unlucky-${how}`);
      const [ada, bob] = [await app.plain(), await app.plain()];
      ada.send("hello");
      await bob.next({ type: "chat_message", content: "hello" });
      await unlucky.close(1000);
      await until(
        "onDisconnect to be called",
        async () => (await app.journal("disconnect", `unlucky-${how}`)).length === 1,
      );
      bob.send("still here");
      await ada.seen({ type: "chat_message", content: "still here" });
    },
  );

  it("a handler that ends after its connection causes no unhandled rejection", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    client.post("wait", { ms: 150, tag: "late" });
    client.send({ type: "request", name: "wait", input: { ms: 150, tag: "late" }, $: { id: "r" } });
    await client.sync();
    await client.close(1000);
    await until("the handler to end", async () => (await app.journal("wait", ada)).length === 1);
    expect(await app.command("health")).toMatchObject({ unhandled: [] });
  });

  it("a long error text is cut to a frame of at most 1 KiB", async () => {
    const client = await app.v1();
    const long = await client.deliver("fail", { how: "rambles" });
    expect(long).toMatchObject({
      type: "error",
      code: "conflict",
      message: expect.stringMatching(/^Taken!/) as string,
    });
    const key = "ключ".repeat(2_000);
    const wrong = await client.deliver("counts", { by: { [key]: "x", [`${key}2`]: "x" } });
    expect(wrong).toMatchObject({ type: "error", code: "invalid_message" });
    for (const error of [long, wrong])
      expect(Buffer.byteLength(JSON.stringify(error))).toBeLessThanOrEqual(1024);
  });

  it("a close reason that is too long is cut to 123 bytes, and the connection closes", async () => {
    const ada = app.user();
    const client = await app.plain(ada);
    await app.command("disconnectUser", { userId: ada, code: 4403, reason: "€".repeat(200) });
    const { code, reason } = await client.end();
    expect(code).toBe(4403);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });

  it("a request that requires a role is forbidden without that role", async () => {
    const [ada, admin] = [await app.v1(app.user("ada")), await app.v1(app.user("admin"))];
    expect(await ada.request("admins_count")).toMatchObject({ type: "error", code: "forbidden" });
    expect(await admin.request("admins_count")).toMatchObject({ type: "reply", result: 1 });
  });
});

onEachBackplaneIfLong("client ids in the URL", { maxConnectionsPerUser: 2 }, (app) => {
  it("a client id in the URL that differs from the hello gives no slot over the limit", async () => {
    const ada = app.user();
    const page = new Page();
    await app.v1(ada, page);
    await app.v1(ada);
    const other = new Page();
    const third = await app.openV1(ada, page).catch((error: unknown) => error);
    if (!(third instanceof UpgradeRejected)) {
      const client = third as Awaited<ReturnType<typeof app.openV1>>;
      client.send({ type: "hello", clientId: other.clientId, attempt: 1, positions: [], rooms: [] });
      await Promise.race([client.seen("welcome"), client.seen("error"), client.end()]).catch(() => undefined);
    }
    await until("two connections at most", async () => (await connectionsOf(ada)) <= 2);
  });

  it("a client id takes one slot, however many of its attempts send no hello", async () => {
    const ada = app.user();
    const page = new Page();
    for (let n = 0; n < 10; n++) await app.openV1(ada, page).catch(() => undefined);
    await until("two connections at most", async () => (await connectionsOf(ada)) <= 2);
  });

  it("a client id with the same attempt twice is connected once", async () => {
    const ada = app.user();
    const page = new Page();
    const first = await app.v1(ada, page);
    page.attempt = 0;
    const second = await app.openV1(ada, page).catch(() => undefined);
    second?.send({ type: "hello", clientId: page.clientId, attempt: 1, positions: [], rooms: [] });
    await until("one of them to be closed", async () => (await connectionsOf(ada)) === 1);
    expect([first.isOpen, second?.isOpen === true].filter(Boolean)).toHaveLength(1);
  });

  it.each([
    "?c=__proto__&a=1",
    "?c=&a=",
    "?c=x&a=NaN",
    "?a=1e999",
    "?c=%ff&a=-1",
    `?c=${"x".repeat(5_000)}&a=1`,
    "?c=a&c=b",
  ])("the query %s with an invalid client id is answered with 101 or 400", async (query) => {
    const { status } = await handshake({
      port: app.port,
      target: `/ws${query}`,
      headers: [
        ["Cookie", `session=${app.user()}`],
        ["Origin", ORIGIN],
        ["Sec-WebSocket-Protocol", "halyard.v1"],
      ],
    });
    expect([101, 400]).toContain(status);
  });

  async function connectionsOf(userId: string): Promise<number> {
    return ((await app.command("user", { userId })) as { readonly connections: number }).connections;
  }
});

onEachBackplaneIfLong("the request users", {}, (app) => {
  it("the request users is rejected for a room that the client may not read", async () => {
    const client = await app.v1();
    const error = await client.request("users", { room: "secret" });
    expect(error).toMatchObject({ type: "error" });
    expect(["forbidden", "not_found"]).toContain(error["code"]);
  });

  it("the request users lists the users of a room", async () => {
    const [ada, room] = [app.user(), app.room()];
    const client = await app.v1(ada);
    await client.join(room);
    expect(await client.request("users", { room })).toMatchObject({
      result: { total: 1, users: [{ userId: ada }] },
    });
    expect(await client.request("users", {})).toMatchObject({ result: { total: 1 } });
    expect(await client.request("users")).toMatchObject({ result: { total: 1 } });
  });

  it.each([
    { cursor: "garbage" },
    { cursor: "" },
    { cursor: "__proto__" },
    { cursor: 5 },
    { room: "new\nline" },
    "all",
  ])("the request users with the input %j gets a reply or invalid_message", async (input) => {
    const client = await app.v1();
    const answer = await client.request("users", input);
    if (answer.type === "error") expect(answer["code"]).toBe("invalid_message");
  });
});

onEachBackplaneIfLong(
  "small limits",
  { limits: { messageBytes: 1_000, rooms: 2, waitingSends: 1 } },
  (app) => {
    it("small limits are announced in the welcome and enforced", async () => {
      const client = await app.openV1(app.user());
      expect((await client.hello())["limits"]).toMatchObject({ messageBytes: 1_000 });
      client.send(`{"type":"ping","padding":"${"x".repeat(1_000)}"}`);
      expect(await client.next("error")).toMatchObject({ code: "payload_too_large" });
      for (const expected of ["reply", "reply", "error"])
        expect((await client.join(app.room())).type).toBe(expected);
    });
  },
);

onEachBackplaneIfLong("defaults of the runtime", {}, (app) => {
  it("the server negotiates no compression", async () => {
    const { status, headers } = await handshake({
      port: app.port,
      headers: [
        ["Cookie", "session=ada"],
        ["Origin", ORIGIN],
        ["Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"],
      ],
    });
    expect([status, headers.get("sec-websocket-extensions")]).toEqual([101, undefined]);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])(
    "a request with the method %s on the path gets a client error",
    async (method) => {
      const { status } = await handshake({
        port: app.port,
        plain: true,
        method,
        headers: [["Cookie", "session=ada"]],
      });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    },
  );
});
