// What users show in rooms: who sees it and when it ends, with several devices, on one node and across two.
import { expect, it } from "vitest";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import type { Frame } from "../support/frame.ts";
import type { RawClient } from "../support/raw-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

interface ListedUser {
  readonly userId: string;
  readonly presence?: object;
}

const show = (client: V1Client, room: string, state: unknown): Promise<Frame> =>
  client.sendAndWait({ type: "presence_update", room, state });

async function member(app: TestApp, room: string, userId?: string): Promise<V1Client> {
  const client = await app.v1(userId);
  await client.join(room);
  await client.next({ type: "user_list", room });
  return client;
}

/** The states of a user in a room that a client was told, in order; undefined for none. */
function statesOf(client: RawClient, room: string, userId: string): (object | undefined)[] {
  const frames = client.all(
    ({ type, room: of }) => of === room && (type === "user_list" || type === "user_joined"),
  );
  const users = frames.flatMap((frame) => frame["users"] as readonly ListedUser[]);
  return users.filter((user) => user.userId === userId).map(({ presence }) => presence);
}

/** Waits until the last state that a client was told of a user is this one. */
async function sees(
  client: RawClient,
  { room, userId, state }: { room: string; userId: string; state: object | undefined },
): Promise<void> {
  const expected = JSON.stringify([state]);
  await until(
    `${userId} to show ${expected}`,
    async () => JSON.stringify([statesOf(client, room, userId).at(-1)]) === expected,
  );
}

/** As the application reads it. */
async function listed(app: TestApp, room: string): Promise<ListedUser[]> {
  return ((await app.command("listUsers", { room })) as { readonly users: ListedUser[] }).users;
}

onEachRuntimeAndTwoNodes("presence state", { limits: { leaveGraceMs: 300 } }, (app) => {
  it("a user's state is sent to all users of the room and to users who join later, and is in listUsers", async () => {
    const [room, ada] = [app.room(), app.user("ada")];
    const reader = await member(app, room);
    const author = await member(app, room, ada);
    expect(await show(author, room, { x: 1 })).toMatchObject({ type: "reply" });
    const state = { status: "here", x: 1 };
    for (const client of [reader, author]) await sees(client, { room, userId: ada, state });
    const late = await member(app, room);
    expect(statesOf(late, room, ada)).toEqual([state]);
    const page = (await late.request("users", { room }))["result"] as { readonly users: ListedUser[] };
    for (const users of [page.users, await listed(app, room)])
      expect(users.find(({ userId }) => userId === ada)?.presence).toEqual(state);
    expect((await listed(app, room)).filter(({ presence }) => presence !== undefined)).toHaveLength(1);
  });

  it("every reader ends with the state that a user has set last, and is told few of many", async () => {
    const [room, ada] = [app.room(), app.user("ada")];
    const reader = await member(app, room);
    const author = await member(app, room, ada);
    for (let x = 0; x <= 100; x++) author.send({ type: "presence_update", room, state: { x } });
    for (const client of [reader, author])
      await sees(client, { room, userId: ada, state: { status: "here", x: 100 } });
    expect(statesOf(reader, room, ada).length).toBeLessThan(50);
  });

  it("of a user's devices the latest shows, then the next latest, and none when those that have set one are gone", async () => {
    const [room, ada] = [app.room(), app.user("ada")];
    const reader = await member(app, room);
    const [phone, laptop, idle] = [
      await member(app, room, ada),
      await member(app, room, ada),
      await member(app, room, ada),
    ];
    const seen = (x: number | undefined) =>
      sees(reader, { room, userId: ada, state: x === undefined ? undefined : { status: "here", x } });
    await show(phone, room, { x: 1 });
    await seen(1);
    await show(laptop, room, { x: 2 });
    await seen(2);
    await show(phone, room, { x: 3 });
    await seen(3);
    await phone.close();
    await seen(2);
    await laptop.sendAndWait({ type: "leave", room });
    await seen(undefined);
    expect((await listed(app, room)).map(({ presence }) => presence)).toEqual([undefined, undefined]);
    await show(idle, room, { x: 4 });
    await seen(4);
    await idle.cut();
    await reader.next({ type: "user_left", room, userIds: [ada] });
    expect(statesOf(reader, room, ada).at(-1)).toEqual({ status: "here", x: 4 });
  });

  it("a state is that of one room, and a client that joins again shows nothing", async () => {
    const [room, other, ada] = [app.room(), app.room(), app.user("ada")];
    const author = await member(app, room, ada);
    await author.join(other);
    await author.next({ type: "user_list", room: other });
    await show(author, room, { x: 1 });
    await sees(author, { room, userId: ada, state: { status: "here", x: 1 } });
    expect((await listed(app, other)).map(({ presence }) => presence)).toEqual([undefined]);
    await author.sendAndWait({ type: "leave", room });
    await author.join(room);
    await author.next({ type: "user_list", room });
    expect((await listed(app, room)).map(({ presence }) => presence)).toEqual([undefined]);
  });

  it("what is not valid gets a typed error, and changes nothing", async () => {
    const [room, ada] = [app.room(), app.user("ada")];
    const author = await member(app, room, ada);
    await show(author, room, { x: 1 });
    expect(await show(author, room, { x: "1" })).toMatchObject({
      type: "error",
      code: "invalid_message",
      issues: [{ path: "x" }],
    });
    for (const state of [undefined, null, "text", [1]])
      expect(await show(author, room, state)).toMatchObject({ code: "invalid_message" });
    for (const state of [{ text: "é".repeat(600) }, { text: "x".repeat(60_000) }])
      expect(await show(author, room, state)).toMatchObject({ code: "payload_too_large", retryable: false });
    const deep = JSON.parse(`{"nested":${"[".repeat(28)}${"]".repeat(28)}}`) as object;
    expect(await show(author, room, deep)).toMatchObject({ code: "invalid_message" });
    expect((await listed(app, room))[0]?.presence).toEqual({ status: "here", x: 1 });
  });

  it("names of prototypes and unknown fields reach nobody", async () => {
    const [room, ada] = [app.room(), app.user("ada")];
    const author = await member(app, room, ada);
    const state = '{"x":1,"__proto__":{"isAdmin":true},"constructor":{},"other":1}';
    author.send(`{"type":"presence_update","room":"${room}","state":${state},"$":{"id":"1"}}`);
    expect(await author.answer("1")).toMatchObject({ type: "reply" });
    await sees(author, { room, userId: ada, state: { status: "here", x: 1 } });
    expect(author.frames.some((frame) => JSON.stringify(frame).includes("isAdmin"))).toBe(false);
  });

  it("only a member of the room shows something there, and only where authorize allows presence", async () => {
    const [room, ada] = [app.room(), app.user("ada")];
    const author = await app.v1(ada);
    expect(await show(author, room, { x: 1 })).toMatchObject({ type: "error", code: "forbidden" });
    await author.join(room);
    expect(await show(author, room, { x: 1 })).toMatchObject({ type: "reply" });
    await author.sendAndWait({ type: "leave", room });
    expect(await show(author, room, { x: 1 })).toMatchObject({ code: "forbidden" });
    // The other node hears of the leave a moment later.
    await expect.poll(() => listed(app, room)).toEqual([]);
  });
});

onEachRuntimeAndTwoNodes("presence state in a large room", { limits: { presenceStateUsers: 2 } }, (app) => {
  it("is only asked for, and is told again when the room is small again", async () => {
    const [room, ada] = [app.room(), app.user("ada")];
    const author = await member(app, room, ada);
    const reader = await member(app, room);
    const state = { status: "here", x: 1 };
    await show(author, room, state);
    await sees(reader, { room, userId: ada, state });
    const third = await member(app, room);
    expect(statesOf(third, room, ada)).toEqual([undefined]);
    // What is no longer kept up is taken back.
    await sees(reader, { room, userId: ada, state: undefined });
    await show(author, room, { x: 2 });
    const later = { status: "here", x: 2 };
    const page = (await third.request("users", { room }))["result"] as { readonly users: ListedUser[] };
    expect(page.users.find(({ userId }) => userId === ada)?.presence).toEqual(later);
    await third.close();
    await sees(reader, { room, userId: ada, state: later });
    expect(statesOf(third, room, ada)).toEqual([undefined]);
  });
});
