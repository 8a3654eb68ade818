import { expect, it } from "vitest";
import { channelsOf } from "../support/frame.ts";
import type { Frame } from "../support/frame.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { besiege } from "./support/attacked-app.ts";
import type { Siege } from "./support/attacked-app.ts";

/** A member of a room who was cut off after having heard something in it. */
async function cutOff(siege: Siege, userId: string, room: string): Promise<Page> {
  const client = await siege.v1(userId);
  await client.join(room);
  await siege.command("tell", { count: 1, room });
  await client.seen("told");
  await client.cut();
  return client.page;
}

async function back(siege: Siege, userId: string, page: Page): Promise<V1Client> {
  const client = await siege.openV1(userId, page);
  await client.hello();
  await client.sync();
  return client;
}

/** A frame without what differs by right: the name that was asked for, and the asker's own numbers. */
function anonymous(frame: Frame | undefined, room: string): unknown {
  return JSON.parse(JSON.stringify({ ...frame, $: undefined }).replaceAll(room, "*"));
}

/** What a client is told of a room by all that it can ask: presence, list, history, and to be in it. */
async function everythingAbout(
  siege: Siege,
  client: V1Client,
  { room, epoch }: { readonly room: string; readonly epoch: string },
): Promise<unknown[]> {
  const ch = `room:${room}`;
  client.send({ type: "request", name: "count", input: {}, $: { id: room, ch } });
  const answers = [
    await client.answer(room),
    await client.join(room),
    await client.ask({ type: "leave", room }),
    await client.request("users", { room }),
    await client.deliver("chat_message", { content: "psst" }, ch),
    await client.deliver("poked", { text: "psst" }, ch),
  ];
  const eve = siege.user("eve");
  const guesses = [0, 1, 9e12].map(async (off) => {
    const again = await siege.openV1(eve);
    const welcome = await again.hello({ rooms: [room], positions: [{ ch, epoch, off }] });
    await again.sync();
    const heard = [{ type: "gap", ch }, { $: { ch } }, { type: "left", room }, { type: "user_list", room }];
    return [channelsOf(welcome)[ch], ...heard.map((pattern) => again.all(pattern))];
  });
  return [...answers.map((answer) => anonymous(answer, room)), ...(await Promise.all(guesses))].map((each) =>
    JSON.stringify(each).replaceAll(room, "*"),
  );
}

// D5 to D10 need a session store: they are in conformance/revocation.test.ts and conformance/session-races.test.ts.
besiege("D: sessions, resume, authorization over time", {}, (siege) => {
  it("D1: another user's client id and positions recover nothing and do not close that user's connection", async () => {
    const [ada, room] = [siege.user("ada"), siege.room()];
    const victim = await siege.v1(ada);
    await victim.join(room);
    await siege.command("tell", { count: 2, userId: ada });
    await victim.seen({ type: "told", text: "2" });
    await siege.command("forbid", { room });
    const page = Object.assign(new Page(), { clientId: victim.page.clientId, attempt: 50 });
    for (const [ch, { epoch }] of victim.page.positions) page.positions.set(ch, { epoch, off: 0 });
    page.rooms.add(room);
    const thief = await back(siege, siege.user("eve"), page);
    expect(thief.all("told")).toEqual([]);
    await victim.sync();
    expect(victim.isOpen).toBe(true);
    await siege.command("allow", { room });
  });

  it("D2: a sequence number counts once, and only within its own client", async () => {
    const [ada, eve] = [siege.user("ada"), siege.user("eve")];
    const client = await siege.v1(ada);
    expect(await client.deliver("note", { text: "first" })).toMatchObject({ type: "reply" });
    for (const seq of [1, 9, 2 ** 52]) {
      const before = client.frames.length;
      client.send({ type: "note", text: "another", $: { seq } });
      await client.sync();
      expect(client.frames.slice(before).find(({ type }) => type === "error")).toMatchObject({
        code: "conflict",
      });
    }
    const stranger = await siege.v1(eve, Object.assign(new Page(), { clientId: client.page.clientId }));
    const receipt = await stranger.deliver("note", { text: "first" });
    expect(receipt).toMatchObject({ type: "reply" });
    expect((await siege.journal("note", eve)).length).toBe(1);
    expect((await siege.journal("note", ada)).map(({ text }) => text)).toEqual(["first"]);
  });

  it("D3: a room that became forbidden during a disconnection is not resumed, and nothing of it is replayed", async () => {
    const [ada, room] = [siege.user("ada"), siege.room()];
    const page = await cutOff(siege, ada, room);
    await siege.command("tell", { count: 3, room });
    await siege.command("forbid", { room });
    const client = await back(siege, ada, page);
    expect(channelsOf(client.all("welcome")[0] ?? { type: "" })[`room:${room}`]?.recovered).toBe("forbidden");
    await siege.command("tell", { count: 3, room });
    await client.sync();
    expect(client.all("told")).toEqual([]);
    await siege.command("allow", { room });
  });

  it.each([
    ["in the future", { off: 9e12 }],
    ["of an unknown epoch", { epoch: "elsewhere" }],
  ])("D4: a position %s recovers nothing", async (_name, change) => {
    const [ada, room] = [siege.user("ada"), siege.room()];
    const page = await cutOff(siege, ada, room);
    await siege.command("tell", { count: 2, room });
    const ch = `room:${room}`;
    const position = page.positions.get(ch) ?? { epoch: "", off: 0 };
    page.positions.set(ch, { ...position, ...change });
    const client = await back(siege, ada, page);
    expect(client.all("told")).toEqual([]);
    expect(client.all("error").length + client.all({ type: "gap", ch }).length).toBeGreaterThan(0);
  });

  it.each([-1, 0.5, "NaN", null])("D4: a hello with the offset %s gets invalid_message", async (off) => {
    const client = await siege.openV1(siege.user());
    const { clientId, attempt } = client.page;
    client.send({ type: "hello", clientId, attempt, positions: [{ ch: "all", epoch: "x", off }], rooms: [] });
    expect(await client.next("error")).toMatchObject({ code: "invalid_message" });
  });

  it("D11: every answer about a forbidden room equals the one about a room that does not exist", async () => {
    const [ada, eve] = [siege.user("ada"), siege.user("eve")];
    const [room, nowhere] = [siege.room(), siege.room()];
    const member = await siege.v1(ada);
    await member.join(room);
    await siege.command("tell", { count: 3, room });
    await member.seen({ type: "told", text: "3" });
    for (const each of [room, nowhere]) await siege.command("forbid", { room: each });
    const epoch = member.page.positions.get(`room:${room}`)?.epoch ?? "";
    const client = await siege.v1(eve);
    expect(await everythingAbout(siege, client, { room, epoch })).toEqual(
      await everythingAbout(siege, client, { room: nowhere, epoch }),
    );
    // Nor does it show before one has tried to join it.
    for (const each of [room, nowhere]) await siege.command("allow", { room: each });
    const [there, elsewhere] = [room, nowhere].map((each) => client.request("users", { room: each }));
    expect(anonymous(await there, room)).toEqual(anonymous(await elsewhere, nowhere));
  });
});
