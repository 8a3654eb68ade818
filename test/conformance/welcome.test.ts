import { serverMessages } from "@halyard/protocol";
import { expect, it } from "vitest";
import { channelsOf, userIdsOf } from "../support/frame.ts";
import { onEachBackplane } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";

onEachBackplane("plain clients", {}, (app) => {
  it("a plain client gets welcome, then user_list, without sending anything", async () => {
    const ada = app.user();
    const client = await app.open(ada);
    const [welcome, list] = [await client.nextFrame(), await client.nextFrame()];
    expect([welcome.type, list.type]).toEqual(["welcome", "user_list"]);
    expect(serverMessages.welcome.safeParse(welcome).error).toBeUndefined();
    expect(serverMessages.user_list.safeParse(list).error).toBeUndefined();
    expect(userIdsOf(list)).toContain(ada);
    expect(list).toMatchObject({ total: 1, $: { ch: "all" } });
  });

  it("the welcome contains the user with public fields only", async () => {
    const ada = app.user();
    const welcome = await (await app.open(ada)).nextFrame();
    expect(welcome["user"]).toEqual({
      userId: ada,
      name: `A${ada.slice(1)}`,
      connectedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    });
    expect(JSON.stringify(welcome)).not.toContain("secret.test");
  });

  it("the welcome contains the limits, the heartbeat and the ephemeral types", async () => {
    const welcome = await (await app.open(app.user())).nextFrame();
    expect(welcome["limits"]).toMatchObject({
      messageBytes: 65_536,
      unacknowledged: 32,
      messagesPerSecond: 100_000,
    });
    expect(welcome["heartbeat"]).toEqual({ intervalMs: 25_000, timeoutMs: 35_000 });
    const ephemeral = welcome["ephemeral"] as string[];
    expect(ephemeral).toEqual(expect.arrayContaining(["typing_indicator", "cursor_moved"]));
    expect(ephemeral).not.toContain("note");
    expect(ephemeral).not.toContain("chat_message");
  });

  it("each connection has a connection id of its own", async () => {
    const ada = app.user();
    const ids = [await (await app.open(ada)).nextFrame(), await (await app.open(ada)).nextFrame()].map(
      (w) => w["connectionId"],
    );
    expect(new Set(ids).size).toBe(2);
  });

  it("a plain client becomes a halyard.v1 client by a hello as its first frame, with one new welcome", async () => {
    const client = await app.open(app.user());
    const bystander = await app.plain();
    await client.next("user_list");
    const before = client.frames.length;
    bystander.send("something for everyone");
    await bystander.seen("chat_message");
    client.send({ type: "hello", clientId: new Page().clientId, attempt: 1, $: { id: "mine" } });
    await client.next({ type: "welcome", $: { re: "mine" } });
    const after = client.frames.slice(before).map(({ type }) => type);
    expect(after.filter((type) => type === "welcome")).toHaveLength(1);
    client.send({ type: "note", text: "now acknowledged", $: { seq: 1 } });
    expect(await client.next({ $: { re: 1 } })).toMatchObject({ type: "reply" });
  });

  it("a plain client that has sent a message cannot become a halyard.v1 client", async () => {
    const client = await app.plain();
    client.send({ type: "note", text: "first" });
    client.send({ type: "hello", clientId: new Page().clientId, attempt: 1, positions: [], rooms: [] });
    expect(await client.next("error")).toMatchObject({ code: "conflict", retryable: false });
    expect(client.isOpen).toBe(true);
  });
});

onEachBackplane("halyard.v1 clients", {}, (app) => {
  it("a halyard.v1 client receives nothing before its hello", async () => {
    const client = await app.openV1(app.user());
    const bystander = await app.plain();
    bystander.send("not for somebody without a hello");
    await bystander.seen("chat_message");
    await client.hello();
    expect(client.frames.map(({ type }) => type)[0]).toBe("welcome");
    await client.next("user_list");
    await client.sync();
    expect(client.all("chat_message")).toEqual([]);
  });

  it("a halyard.v1 client gets welcome with its channels, then user_list", async () => {
    const ada = app.user();
    const client = await app.openV1(ada);
    expect(client.subprotocol).toBe("halyard.v1");
    const welcome = await client.hello();
    expect(serverMessages.welcome.safeParse(welcome).error).toBeUndefined();
    expect(channelsOf(welcome)).toEqual({
      all: { epoch: expect.any(String) as string, off: expect.any(Number) as number, recovered: "new" },
      [`user:${ada}`]: {
        epoch: expect.any(String) as string,
        off: expect.any(Number) as number,
        recovered: "new",
      },
    });
    expect(await client.nextFrame()).toMatchObject({ type: "user_list", $: { ch: "all" } });
  });

  it("a hello may omit its positions, rooms and id", async () => {
    const client = await app.openV1(app.user());
    client.send({ type: "hello", clientId: client.page.clientId, attempt: 1 });
    expect(await client.next("welcome")).not.toHaveProperty("$");
  });

  it("a second hello gets conflict, and the connection stays open", async () => {
    const client = await app.v1();
    const { clientId, attempt } = client.page;
    client.send({ type: "hello", clientId, attempt, positions: [], rooms: [] });
    expect(await client.next("error")).toMatchObject({ code: "conflict" });
    await client.sync();
    expect(client.all("welcome")).toHaveLength(1);
  });

  it("a halyard.v1 client that sends before its hello gets one error, then 4400, and no handler runs", async () => {
    const ada = app.user();
    const client = await app.openV1(ada);
    client.send({ type: "note", text: "too early", $: { seq: 1 } });
    await client.next("error");
    client.send({ type: "request", name: "count", input: {}, $: { id: "r1" } });
    expect(await client.end()).toMatchObject({ code: 4400 });
    expect(client.frames.map(({ type }) => type)).toEqual(["error"]);
    expect(await app.journal("note", ada)).toEqual([]);
  });

  it("a hello that fails its schema gets invalid_message", async () => {
    for (const fields of [{ clientId: "short" }, { attempt: 0 }, { positions: "all" }, { rooms: "lobby" }]) {
      const client = await app.openV1(app.user());
      const { clientId } = client.page;
      client.send({ type: "hello", clientId, attempt: 1, positions: [], rooms: [], ...fields });
      expect(await client.next("error"), JSON.stringify(fields)).toMatchObject({ code: "invalid_message" });
    }
  });
});

onEachBackplane("halyard.v1 clients without a hello", { limits: { helloMs: 250 } }, (app) => {
  it("a halyard.v1 client without a hello is closed with 4010 and gets no welcome", async () => {
    const client = await app.openV1(app.user());
    expect(await client.end()).toMatchObject({ code: 4010 });
    expect(client.all("welcome")).toEqual([]);
  });

  it("a plain client is not closed for a missing hello", async () => {
    const plain = await app.plain();
    await (await app.openV1(app.user())).end();
    await plain.sync();
    expect(plain.isOpen).toBe(true);
  });
});
