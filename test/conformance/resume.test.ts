import { expect, it } from "vitest";
import { channelsOf, offsetOf } from "../support/frame.ts";
import type { Channel, Frame } from "../support/frame.ts";
import type { RawClient } from "../support/raw-client.ts";
import { onEachRuntimeAndTwoNodes } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";

const texts = (client: RawClient) => client.all("notice").map(({ text }) => text);
const counted = (count: number) => Array.from({ length: count }, (_, n) => String(n + 1));

onEachRuntimeAndTwoNodes("resuming", {}, (app) => {
  it("a resume replays missed messages in order and once, then delivers live messages", async () => {
    const ada = app.user();
    const { client } = await dropped(app, ada);
    await app.command("publish", { count: 20 });
    const { again, welcome } = await resumed(app, ada, client);
    await app.command("announce", { message: "live" });
    await again.seen("announcement");
    expect(channelsOf(welcome)["all"]).toMatchObject({ recovered: true });
    expect(texts(again)).toEqual(counted(20));
    const offsets = [...again.all("notice"), ...again.all("announcement")].map(offsetOf);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    expect(again.all("gap")).toEqual([]);
  });

  it("a resume without missed messages recovers every channel", async () => {
    const ada = app.user();
    const { client } = await dropped(app, ada);
    const { again, welcome } = await resumed(app, ada, client);
    expect(recoveredOf(welcome)).toEqual({ all: true, [`user:${ada}`]: true });
    await again.sync();
    expect(again.all((frame) => frame.$?.off !== undefined)).toEqual([]);
  });

  it("a resumed client that had received nothing gets the messages sent while it was disconnected", async () => {
    const [ada, room] = [app.user(), app.room()];
    const client = await app.v1(ada);
    await client.join(room);
    await client.cut();
    await app.command("publish", { count: 3, room });
    const { again, welcome } = await resumed(app, ada, client);
    await again.seen({ type: "notice", text: "3" });
    expect(recoveredOf(welcome)).toMatchObject({ [`room:${room}`]: true });
    expect(texts(again)).toEqual(counted(3));
  });

  it("a resume recovers all, the user's channel and each room separately", async () => {
    const [ada, room] = [app.user(), app.room()];
    const { client } = await dropped(app, ada, room);
    await app.command("publish", { count: 1 });
    await app.command("publish", { count: 2, userId: ada });
    await app.command("publish", { count: 3, room });
    const { again, welcome } = await resumed(app, ada, client);
    expect(recoveredOf(welcome)).toEqual({ all: true, [`user:${ada}`]: true, [`room:${room}`]: true });
    await again.sync();
    const receivedOn = (ch: string) => again.all({ type: "notice", $: { ch } }).map(({ text }) => text);
    expect([receivedOn("all"), receivedOn(`user:${ada}`), receivedOn(`room:${room}`)]).toEqual([
      ["1"],
      ["1", "2"],
      ["1", "2", "3"],
    ]);
  });

  it("a second resume continues after the first one", async () => {
    const ada = app.user();
    const { client } = await dropped(app, ada);
    await app.command("publish", { count: 5 });
    const { again } = await resumed(app, ada, client);
    await again.seen({ type: "notice", text: "5" });
    await again.cut();
    await app.command("announce", { message: "later" });
    const third = (await resumed(app, ada, again)).again;
    await third.seen("announcement");
    expect(texts(third)).toEqual([]);
  });

  it("a hello without a position receives only messages from then on", async () => {
    const ada = app.user();
    await app.command("publish", { count: 2 });
    const client = await app.openV1(ada);
    const room = app.room();
    const welcome = await client.hello({ rooms: [room] });
    expect(recoveredOf(welcome)).toEqual({ all: "new", [`user:${ada}`]: "new", [`room:${room}`]: "new" });
    await client.next({ type: "user_list", room });
    expect(texts(client)).toEqual([]);
    await app.command("publish", { count: 1, room });
    await client.next({ type: "notice", $: { ch: `room:${room}` } });
  });

  it.each([
    ["of another epoch", { epoch: "elsewhere" }],
    ["in the future", { off: 9_000_000_000_000_000 }],
  ])(
    "a resume from a position %s is lost, with one gap after the welcome and no partial replay",
    async (_name, change) => {
      const ada = app.user();
      const { client } = await dropped(app, ada);
      await app.command("publish", { count: 2 });
      const before = client.page.positions.get("all");
      if (before === undefined) throw new Error("There is no position.");
      client.page.positions.set("all", { ...before, ...change });
      const { again, welcome } = await resumed(app, ada, client);
      const state = stateOf(welcome, "all");
      expect(state.recovered).toBe("lost");
      expect(await again.seen("gap")).toEqual({
        type: "gap",
        ch: "all",
        epoch: state.epoch,
        off: state.off,
        reason: "lost",
      });
      await again.sync();
      expect(texts(again)).toEqual([]);
      await app.command("announce", { message: "live" });
      expect(offsetOf(await again.next("announcement"))).toBeGreaterThan(state.off);
      expect(again.all("gap")).toHaveLength(1);
    },
  );

  it("a hello with an invalid offset gets invalid_message", async () => {
    for (const off of [-1, 0.5, "1", null]) {
      const client = await app.openV1(app.user());
      const { clientId } = client.page;
      const positions = [{ ch: "all", epoch: "x", off }];
      client.send({ type: "hello", clientId, attempt: 1, positions, rooms: [] });
      expect(await client.next("error")).toMatchObject({ code: "invalid_message" });
    }
  });

  it("a resume with another user's position recovers nothing of that user's channel", async () => {
    const [ada, eve] = [app.user("ada"), app.user("eve")];
    const { client: victim } = await dropped(app, ada);
    await app.command("publish", { count: 2, userId: ada });
    const page = new Page();
    const stolen = victim.page.positions.get(`user:${ada}`);
    if (stolen === undefined) throw new Error("There is no position.");
    page.positions.set(`user:${ada}`, stolen);
    const thief = await app.openV1(eve, page);
    const state = channelsOf(await thief.hello())[`user:${ada}`];
    expect([undefined, "forbidden"]).toContain(state?.recovered);
    await thief.sync();
    expect(texts(thief)).toEqual([]);
  });

  it("a resume calls authorize again and replays nothing of a room that is now forbidden", async () => {
    const [ada, room] = [app.user(), app.room()];
    const { client } = await dropped(app, ada, room);
    await app.command("publish", { count: 2, room });
    await app.command("forbid", { room });
    const { again, welcome } = await resumed(app, ada, client);
    expect(recoveredOf(welcome)).toMatchObject({ all: true, [`room:${room}`]: "forbidden" });
    await again.sync();
    await app.command("publish", { count: 1, room });
    await again.sync();
    expect(texts(again)).toEqual([]);
    expect(JSON.stringify(again.all("user_list"))).not.toContain(room);
    await app.command("allow", { room });
  });

  it("repeated resumes during a stream lose and duplicate no message", async () => {
    const ada = app.user();
    const { client } = await dropped(app, ada);
    const stream = app.command("publish", { count: 400, everyMs: 2 });
    const received: unknown[] = [];
    let last: V1Client = client;
    while (received.at(-1) !== "400") {
      const { again } = await resumed(app, ada, last);
      await again.seen("notice");
      await again.cut();
      received.push(...texts(again));
      last = again;
    }
    await stream;
    expect(received).toEqual(counted(400));
  });
});

onEachRuntimeAndTwoNodes("attempts", {}, (app) => {
  it("a newer attempt closes the older one with 4409 and announces no leave", async () => {
    const ada = app.user("ada");
    const [watcher, client] = [await app.plain(), await app.v1(ada)];
    const again = await app.v1(ada, client.page);
    expect(await client.end()).toMatchObject({ code: 4409 });
    await again.sync();
    await watcher.sync();
    expect(await app.command("user", { userId: ada })).toMatchObject({ connections: 1 });
    expect(watcher.all("user_left")).toEqual([]);
  });

  it("an attempt older than the newest is closed with 4409, and the newest stays open", async () => {
    const ada = app.user();
    const page = Object.assign(new Page(), { attempt: 6 });
    const newest = await app.v1(ada, page);
    page.attempt = 2;
    const late = await app.openV1(ada, page);
    const { clientId } = page;
    late.send({ type: "hello", clientId, attempt: 3, positions: [], rooms: [] });
    expect(await late.end()).toMatchObject({ code: 4409 });
    await newest.sync();
    expect(late.all("welcome")).toEqual([]);
  });

  it("an attempt of another user with the same client id does not affect the connection", async () => {
    const client = await app.v1(app.user("ada"));
    const page = Object.assign(new Page(), { clientId: client.page.clientId, attempt: 9 });
    await app.v1(app.user("eve"), page);
    await client.sync();
    expect(client.isOpen).toBe(true);
  });
});

onEachRuntimeAndTwoNodes("a short history", { limits: { historyMessages: 5 } }, (app) => {
  it("a resume beyond the history gets one gap with the reason trimmed and no partial replay", async () => {
    const ada = app.user();
    const { client } = await dropped(app, ada);
    await app.command("publish", { count: 10 });
    const { again, welcome } = await resumed(app, ada, client);
    const state = stateOf(welcome, "all");
    expect(state.recovered).toBe("trimmed");
    expect(await again.seen("gap")).toMatchObject({ ch: "all", reason: "trimmed", off: state.off });
    await again.sync();
    expect(texts(again)).toEqual([]);
  });

  it("a resume within a short history recovers every message", async () => {
    const ada = app.user();
    const { client } = await dropped(app, ada);
    await app.command("publish", { count: 5 });
    const { again } = await resumed(app, ada, client);
    await again.seen({ type: "notice", text: "5" });
    expect(texts(again)).toEqual(counted(5));
  });
});

onEachRuntimeAndTwoNodes("a long disconnection", {}, (app) => {
  it("a resume replays at most 1,000 messages over all channels in the order of its positions, and the rest is too_many", async () => {
    const [ada, room] = [app.user(), app.room()];
    const { client } = await dropped(app, ada, room);
    await app.command("publish", { count: 600 });
    await app.command("publish", { count: 600, room });
    const ch = `room:${room}`;
    const positions = [ch, "all"].map((name) => ({ ch: name, ...client.page.positions.get(name) }));
    const again = await app.openV1(ada, client.page);
    const welcome = await again.hello({ positions });
    expect(recoveredOf(welcome)).toMatchObject({ [ch]: true, all: "too_many" });
    expect(await again.seen("gap")).toMatchObject({ ch: "all", reason: "too_many" });
    await again.seen({ type: "notice", text: "600" });
    expect(texts(again)).toEqual(counted(600));
  });

  it("a channel with over 1,000 missed messages is not recovered", async () => {
    const ada = app.user();
    const { client } = await dropped(app, ada);
    await app.command("publish", { count: 1_001 });
    const { welcome } = await resumed(app, ada, client);
    expect(["trimmed", "too_many"]).toContain(channelsOf(welcome)["all"]?.recovered);
  });
});

/** A client that has read an announcement and then lost its connection. */
async function dropped(app: TestApp, userId: string, room?: string): Promise<{ readonly client: V1Client }> {
  const client = await app.v1(userId);
  if (room !== undefined) await client.join(room);
  await app.command("announce", { message: "read before the cut" });
  await client.seen("announcement");
  await client.cut();
  return { client };
}

async function resumed(
  app: TestApp,
  userId: string,
  { page }: V1Client,
): Promise<{ readonly again: V1Client; readonly welcome: Frame }> {
  const again = await app.openV1(userId, page);
  return { again, welcome: await again.hello() };
}

function stateOf(welcome: Frame, ch: string): Channel {
  const state = channelsOf(welcome)[ch];
  if (state === undefined) throw new Error(`The welcome does not contain ${ch}.`);
  return state;
}

function recoveredOf(welcome: Frame): Record<string, Channel["recovered"]> {
  return Object.fromEntries(
    Object.entries(channelsOf(welcome)).map(([ch, { recovered }]) => [ch, recovered]),
  );
}
