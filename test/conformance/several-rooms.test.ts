// Which clients are left out of a message, and what goes to several rooms at once: live, on resume, and across nodes.
import { expect, it } from "vitest";
import type { Frame, Position } from "../support/frame.ts";
import type { RawClient } from "../support/raw-client.ts";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

interface Sent {
  readonly id: string;
  readonly channel: string;
  readonly offset?: number;
  readonly error?: object;
}

const notify = async (app: TestApp, input: object): Promise<readonly Sent[]> =>
  (await app.command("notify", input)) as readonly Sent[];

/** What came in rooms, in order: the text of a notice, or `skip`. */
const inRoom = (client: RawClient, room: string): unknown[] =>
  client.all((frame) => frame.$?.ch === `room:${room}` && frame.$.off !== undefined).map(shown);
const shown = (frame: Frame): unknown => (frame.type === "skip" ? "skip" : frame["text"]);
const texts = (client: RawClient): unknown[] => client.all("notice").map(({ text }) => text);

async function member(app: TestApp, userId: string, ...rooms: string[]): Promise<V1Client> {
  const client = await app.v1(userId);
  for (const room of rooms) await client.join(room);
  return client;
}

/** Opens the client again at positions that it had before. */
async function again(
  app: TestApp,
  userId: string,
  page = new Page(),
  at: ReadonlyMap<string, Position> = new Map(),
): Promise<V1Client> {
  page.positions.clear();
  for (const [ch, position] of at) page.positions.set(ch, position);
  const client = await app.openV1(userId, page);
  await client.hello();
  return client;
}

onEachRuntimeAndTwoNodes("what is sent to rooms", {}, (app) => {
  it("several connections and users that are left out do not get a message, live or on resume, and everybody else does [s-P4]", async () => {
    const [ada, bob, cay, dan] = [app.user("ada"), app.user("bob"), app.user("cay"), app.user("dan")];
    const room = app.room();
    const clients = [];
    for (const user of [ada, bob, cay, dan]) clients.push(await member(app, user, room));
    const positions = clients.map(({ page }) => new Map(page.positions));
    // Two sockets are left out, of which one node has one, and two users.
    const second = await member(app, ada, room);
    await notify(app, { rooms: [room], text: "one", userIds: [bob, cay] });
    await notify(app, { rooms: [room], text: "two", socketsOf: [dan], userIds: [bob] });
    await notify(app, { rooms: [room], text: "three" });
    for (const client of [...clients, second]) await client.seen({ type: "notice", text: "three" });
    const expected = [
      ["one", "two", "three"],
      ["three"],
      ["two", "three"],
      ["one", "three"],
      ["one", "two", "three"],
    ];
    expect([...clients, second].map(texts)).toEqual(expected);

    for (const [index, user] of [ada, bob, cay, dan].entries()) {
      await clients[index]?.cut();
      const back = await again(app, user, clients[index]?.page, positions[index]);
      await back.seen({ type: "notice", text: "three" });
      expect(texts(back), user).toEqual(expected[index]);
      expect(back.all("gap")).toEqual([]);
    }
  });

  it("another page of a user whose connection is left out gets the message on resume as well [s-P4]", async () => {
    const [ada, room] = [app.user("ada"), app.room()];
    const away = await member(app, ada, room);
    const before = new Map(away.page.positions);
    await away.cut();
    const open = await member(app, ada, room);
    await until("one socket of the user", async () => {
      const found = (await app.command("user", { userId: ada })) as { readonly connections: number };
      return found.connections === 1;
    });
    await notify(app, { rooms: [room], text: "for the other page", socketsOf: [ada] });
    await notify(app, { rooms: [room], text: "for both" });
    await open.seen({ type: "notice", text: "for both" });
    const back = await again(app, ada, away.page, before);
    await back.seen({ type: "notice", text: "for both" });
    expect([texts(open), texts(back)]).toEqual([["for both"], ["for the other page", "for both"]]);
  });

  it("a message to several rooms comes once to each reader, in the first of its rooms, with one id and a result for each room [s-P4]", async () => {
    const rooms = [app.room("a"), app.room("b"), app.room("c")] as const;
    const [a, b, c] = rooms;
    const inAll = await member(app, app.user(), c, a, b);
    const inLast = await member(app, app.user(), c, b);
    const inOne = await member(app, app.user(), b);
    const outside = await member(app, app.user(), app.room());
    const sent = await notify(app, { rooms, text: "first" });
    expect(sent.map(({ channel }) => channel)).toEqual(rooms.map((room) => `room:${room}`));
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    expect(sent.every(({ offset, error }) => typeof offset === "number" && error === undefined)).toBe(true);
    await notify(app, { rooms: [c, b, a], text: "second" });
    for (const client of [inAll, inLast, inOne]) await client.seen({ type: "notice", text: "second" });
    // A later entry of each room has come, so nothing of the first two is under way.
    for (const room of rooms) await notify(app, { rooms: [room], text: "end" });
    await until("the end in each room", () => inAll.all({ type: "notice", text: "end" }).length === 3);
    await until("the end in two rooms", () => inLast.all({ type: "notice", text: "end" }).length === 2);

    expect(texts(inAll).filter((text) => text !== "end")).toEqual(["first", "second"]);
    expect(texts(inLast).filter((text) => text !== "end")).toEqual(["first", "second"]);
    expect(texts(inOne).filter((text) => text !== "end")).toEqual(["first", "second"]);
    expect(texts(outside)).toEqual([]);
    expect(inRoom(inAll, a)[0]).toBe("first");
    expect(inRoom(inAll, c)[0]).not.toBe("first");
    expect((await inAll.seen({ text: "first" })).$).toMatchObject({
      ch: `room:${a}`,
      also: [`room:${b}`, `room:${c}`],
    });
    expect((await inLast.seen({ text: "first" })).$).toMatchObject({ ch: `room:${b}`, also: [`room:${c}`] });
    expect((await inOne.seen({ text: "first" })).$).toEqual({ ch: `room:${b}`, off: sent[1]?.offset });
    for (const client of [inAll, inLast, inOne]) {
      for (const room of client.page.rooms) {
        const top = client.frames.filter((frame) => frame.$?.ch === `room:${room}`).at(-1)?.$?.off;
        expect(client.page.positions.get(`room:${room}`)?.off).toBe(top);
      }
    }
  });

  it("a message to several rooms comes once on resume, whatever of it was read before the cut [s-P4]", async () => {
    const [ada, a, b] = [app.user("ada"), app.room("a"), app.room("b")];
    const client = await member(app, ada, a, b);
    const start = new Map(client.page.positions);
    await notify(app, { rooms: [a, b], text: "1" });
    await client.seen({ type: "notice", text: "1" });
    const afterFirst = new Map([
      ...start,
      ...[...client.page.positions].filter(([ch]) => ch === `room:${a}`),
    ]);
    await client.cut();
    await notify(app, { rooms: [b, a], text: "2" });

    const whole = await again(app, ada, client.page, start);
    await until("both messages", () => texts(whole).length === 2);
    await whole.sync();
    expect(texts(whole).toSorted()).toEqual(["1", "2"]);
    await whole.cut();

    const half = await again(app, ada, client.page, afterFirst);
    await half.seen({ type: "notice", text: "2" });
    await half.sync();
    expect(texts(half)).toEqual(["2"]);
    await half.cut();

    // One that was in a single room gets it there, also where the other room is new to it.
    const onlyB = new Map(start);
    onlyB.delete(`room:${a}`);
    const late = await again(app, ada, client.page, onlyB);
    await until("both messages", () => texts(late).length === 2);
    await late.sync();
    expect(texts(late)).toEqual(["1", "2"]);
  });

  it("a message to several rooms leaves out the users that its options name in every room [s-P4]", async () => {
    const [ada, bob, a, b] = [app.user("ada"), app.user("bob"), app.room("a"), app.room("b")];
    const [left, other] = [await member(app, ada, a, b), await member(app, bob, b, a)];
    await notify(app, { rooms: [a, b], text: "not for ada", userIds: [ada] });
    await notify(app, { rooms: [a, b], text: "for both" });
    for (const client of [left, other]) await client.seen({ type: "notice", text: "for both" });
    expect([texts(left), texts(other)]).toEqual([["for both"], ["not for ada", "for both"]]);
  });

  it("a message to several rooms that is ephemeral comes once as well, and a repetition with the same key not at all [s-P4]", async () => {
    const [a, b] = [app.room("a"), app.room("b")];
    const client = await member(app, app.user(), a, b);
    await app.command("tickInRooms", { rooms: [a, b], n: 1 });
    const job = { rooms: [a, b], text: "job", idempotencyKey: "job 1" };
    const first = await notify(app, job);
    expect(await notify(app, job)).toEqual(first);
    await notify(app, { rooms: [a], text: "end" });
    await notify(app, { rooms: [b], text: "end" });
    await until("the end", () => client.all({ type: "notice", text: "end" }).length === 2);
    expect(client.all("tick").map(({ n }) => n)).toEqual([1]);
    expect(client.all({ type: "notice", text: "job" })).toHaveLength(1);
  });

  it("a room is counted over all nodes, and every connection in it can be closed [s-P4]", async () => {
    const [ada, bob, room] = [app.user("ada"), app.user("bob"), app.room()];
    const inside = [];
    for (const user of [ada, ada, bob]) inside.push(await member(app, user, room));
    const outside = await member(app, app.user(), app.room());
    const stats = async () => app.command("roomStats", { room });
    await until("three connections of two users", async () => {
      return JSON.stringify(await stats()) === JSON.stringify({ totalUsers: 2, totalConnections: 3 });
    });
    await app.command("disconnectRoom", { room, code: 4403 });
    for (const client of inside) expect((await client.end()).code).toBe(4403);
    await outside.sync();
    await until("no user in the room", async () => {
      return JSON.stringify(await stats()) === JSON.stringify({ totalUsers: 0, totalConnections: 0 });
    });
    expect(await app.command("roomStats", { room: app.room() })).toEqual({
      totalUsers: 0,
      totalConnections: 0,
    });
    // Nothing is stored: they may come back.
    await member(app, bob, room);
  });

  it("a room that was given is taken back when its connections are closed [s-P4]", async () => {
    const [ada, page, room] = [app.user("ada"), new Page(), app.room("secret")];
    const client = await app.v1(ada, page);
    await app.command("join", { userId: ada, room });
    await client.seen({ type: "joined", room });
    await client.cut();
    const back = await app.v1(ada, page);
    expect((await back.seen("welcome"))["channels"]).toHaveProperty([`room:${room}`]);
    await app.command("disconnectRoom", { room, code: 4401 });
    await back.end();
    page.positions.delete(`room:${room}`);
    const third = await app.v1(ada, page);
    expect((await third.seen("welcome"))["channels"]).not.toHaveProperty([`room:${room}`]);
  });
});
