import { expect, it } from "vitest";
import { channelsOf } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { describeAttacks } from "./support/attacked-app.ts";
import type { AttackedApp } from "./support/attacked-app.ts";

/** The page of a member of a room whose connection is cut after a message in it. */
async function cutOff(app: AttackedApp, userId: string, room: string): Promise<Page> {
  const client = await app.v1(userId);
  await client.join(room);
  await app.command("publish", { count: 1, room });
  await client.seen("notice");
  await client.cut();
  return client.page;
}

async function resume(app: AttackedApp, userId: string, page: Page): Promise<V1Client> {
  const client = await app.openV1(userId, page);
  await client.hello();
  await client.sync();
  return client;
}

/** A frame without the parts that may differ: the name of the room, and the request's own ids. */
function normalized(frame: Frame | undefined, room: string): unknown {
  return JSON.parse(JSON.stringify({ ...frame, $: undefined }).replaceAll(room, "*"));
}

/** All answers about a room that a client can get: presence, user list, history and membership. */
async function answersAbout(
  app: AttackedApp,
  client: V1Client,
  { room, epoch }: { readonly room: string; readonly epoch: string },
): Promise<unknown[]> {
  const ch = `room:${room}`;
  client.send({ type: "request", name: "count", input: {}, $: { id: room, ch } });
  const answers = [
    await client.answer(room),
    await client.join(room),
    await client.sendAndWait({ type: "leave", room }),
    await client.request("users", { room }),
    await client.deliver("chat_message", { content: "psst" }, ch),
    await client.deliver("poked", { text: "psst" }, ch),
  ];
  const eve = app.user("eve");
  const guesses = [0, 1, 9e12].map(async (off) => {
    const again = await app.openV1(eve);
    const welcome = await again.hello({ rooms: [room], positions: [{ ch, epoch, off }] });
    await again.sync();
    const received = [
      { type: "gap", ch },
      { $: { ch } },
      { type: "left", room },
      { type: "user_list", room },
    ];
    return [channelsOf(welcome)[ch], ...received.map((pattern) => again.all(pattern))];
  });
  return [...answers.map((answer) => normalized(answer, room)), ...(await Promise.all(guesses))].map((each) =>
    JSON.stringify(each).replaceAll(room, "*"),
  );
}

// D5 to D10 need a session store: they are in conformance/revocation.test.ts and conformance/session-races.test.ts.
describeAttacks("D: sessions, resume, authorization over time", {}, (app) => {
  it("D1: another user's client id and positions recover nothing and do not close that user's connection", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const victim = await app.v1(ada);
    await victim.join(room);
    await app.command("publish", { count: 2, userId: ada });
    await victim.seen({ type: "notice", text: "2" });
    await app.command("forbid", { room });
    const page = Object.assign(new Page(), { clientId: victim.page.clientId, attempt: 50 });
    for (const [ch, { epoch }] of victim.page.positions) page.positions.set(ch, { epoch, off: 0 });
    page.rooms.add(room);
    const thief = await resume(app, app.user("eve"), page);
    expect(thief.all("notice")).toEqual([]);
    await victim.sync();
    expect(victim.isOpen).toBe(true);
    await app.command("allow", { room });
  });

  it("D2: a sequence number counts once, and only within its own client", async () => {
    const [ada, eve] = [app.user("ada"), app.user("eve")];
    const client = await app.v1(ada);
    expect(await client.deliver("note", { text: "first" })).toMatchObject({ type: "reply" });
    for (const seq of [1, 9, 2 ** 52]) {
      const before = client.frames.length;
      client.send({ type: "note", text: "another", $: { seq } });
      await client.sync();
      expect(client.frames.slice(before).find(({ type }) => type === "error")).toMatchObject({
        code: "conflict",
      });
    }
    const other = await app.v1(eve, Object.assign(new Page(), { clientId: client.page.clientId }));
    const receipt = await other.deliver("note", { text: "first" });
    expect(receipt).toMatchObject({ type: "reply" });
    expect((await app.journal("note", eve)).length).toBe(1);
    expect((await app.journal("note", ada)).map(({ text }) => text)).toEqual(["first"]);
  });

  it("D3: a room that became forbidden during a disconnection is not resumed, and nothing of it is replayed", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const page = await cutOff(app, ada, room);
    await app.command("publish", { count: 3, room });
    await app.command("forbid", { room });
    const client = await resume(app, ada, page);
    expect(channelsOf(client.all("welcome")[0] ?? { type: "" })[`room:${room}`]?.recovered).toBe("forbidden");
    await app.command("publish", { count: 3, room });
    await client.sync();
    expect(client.all("notice")).toEqual([]);
    await app.command("allow", { room });
  });

  it.each([
    ["in the future", { off: 9e12 }],
    ["of an unknown epoch", { epoch: "elsewhere" }],
  ])("D4: a position %s recovers nothing", async (_name, change) => {
    const [ada, room] = [app.user("ada"), app.room()];
    const page = await cutOff(app, ada, room);
    await app.command("publish", { count: 2, room });
    const ch = `room:${room}`;
    const position = page.positions.get(ch) ?? { epoch: "", off: 0 };
    page.positions.set(ch, { ...position, ...change });
    const client = await resume(app, ada, page);
    expect(client.all("notice")).toEqual([]);
    expect(client.all("error").length + client.all({ type: "gap", ch }).length).toBeGreaterThan(0);
  });

  it.each([-1, 0.5, "NaN", null])("D4: a hello with the offset %s gets invalid_message", async (off) => {
    const client = await app.openV1(app.user());
    const { clientId, attempt } = client.page;
    client.send({ type: "hello", clientId, attempt, positions: [{ ch: "all", epoch: "x", off }], rooms: [] });
    expect(await client.next("error")).toMatchObject({ code: "invalid_message" });
  });

  it("D11: every answer about a forbidden room equals the one about a room that does not exist", async () => {
    const [ada, eve] = [app.user("ada"), app.user("eve")];
    const [room, missing] = [app.room(), app.room()];
    const member = await app.v1(ada);
    await member.join(room);
    await app.command("publish", { count: 3, room });
    await member.seen({ type: "notice", text: "3" });
    for (const each of [room, missing]) await app.command("forbid", { room: each });
    const epoch = member.page.positions.get(`room:${room}`)?.epoch ?? "";
    const client = await app.v1(eve);
    expect(await answersAbout(app, client, { room, epoch })).toEqual(
      await answersAbout(app, client, { room: missing, epoch }),
    );
    // The answers are equal before the first join too.
    for (const each of [room, missing]) await app.command("allow", { room: each });
    const [there, elsewhere] = [room, missing].map((each) => client.request("users", { room: each }));
    expect(normalized(await there, room)).toEqual(normalized(await elsewhere, missing));
  });
});
