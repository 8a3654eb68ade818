import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { CLIENT_ID, TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";

let system: TestSystem;
const create = (config: TestConfig = {}): TestSystem =>
  (system = new TestSystem({ authorize: ({ room }) => room === "all", ...config }));
const roomsOf = (ws: FakeSocket): string[] =>
  Object.keys(ws.received("welcome").at(-1)?.["channels"] ?? {}).filter((ch) => ch.startsWith("room:"));

afterEach(() => system.expectToEndCleanly());

describe("a room that was given", () => {
  it("in onConnect and later, comes back with each hello of the client, and not with one of another", async () => {
    let isFirst = true;
    create({
      onConnect: ({ ws }) => {
        if (isFirst) void system.manager.join(ws, "early");
        isFirst = false;
      },
    });
    const ws = await system.join("ada");
    await system.manager.join(ws, "late");
    await system.drop(ws);
    const again = await system.join("ada", { attempt: 2 });
    expect(roomsOf(again)).toEqual(["room:early", "room:late"]);
    expect(roomsOf(await system.join("bob"))).toEqual([]);
  });

  it("is not entered when it is left while the welcome is prepared", async () => {
    create({
      onConnect: async ({ ws }) => {
        if (isLeaving) await system.manager.leave(ws, "hall");
      },
    });
    let isLeaving = false;
    const ws = await system.join("ada");
    await system.manager.join(ws, "hall");
    await system.drop(ws);
    isLeaving = true;
    expect(roomsOf(await system.join("ada", { attempt: 2 }))).toEqual([]);
    isLeaving = false;
    expect(roomsOf(await system.join("ada", { attempt: 3 }))).toEqual([]);
  });

  it("stays the client's when the client joined it first, and authorize later says no", async () => {
    let may = true;
    create({ authorize: ({ room }) => may || room === "all" });
    const ws = await system.join("ada", { rooms: ["hall"] });
    await system.manager.join(ws, "hall");
    may = false;
    await system.drop(ws);
    expect(roomsOf(await system.join("ada", { attempt: 2, rooms: ["hall"] }))).toEqual(["room:hall"]);
  });

  it("while the client's leave of it is stored, is told of after the answer to the leave, and is the client's", async () => {
    const clock = new FakeClock();
    const memory = createMemoryBackplane({ clock });
    const take = memory.takeRoom.bind(memory);
    const takeRoom = async (...of: Parameters<typeof take>): Promise<void> => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 1_000));
      void take(...of);
    };
    create({ clock, backplane: Object.assign(memory, { takeRoom }) });
    const ws = await system.join("ada");
    await system.manager.join(ws, "hall");
    await clock.settle();
    ws.take();
    await system.say(ws, { type: "leave", room: "hall", $: { id: "l" } });
    const giving = system.manager.join(ws, "hall");
    await clock.advance(1_000);
    await giving;
    const told = ws.take().map(({ type }) => type);
    expect(told.filter((type) => type === "reply" || type === "joined")).toEqual(["reply", "joined"]);
    await system.drop(ws);
    expect(roomsOf(await system.join("ada", { attempt: 2 }))).toEqual(["room:hall"]);
  });

  it("is over after a ban, and after five minutes away, and not after a sign-out", async () => {
    create();
    let attempt = 1;
    for (const [end, isKept] of [
      [() => system.manager.disconnectUser("ada", { code: 4403 }), false],
      [() => system.clock.advance(299_000), true],
      [() => system.clock.advance(302_000), false],
      [() => system.manager.disconnectUser("ada"), true],
    ] as const) {
      const ws = await system.join("ada", { attempt: attempt++ });
      await system.manager.join(ws, "hall");
      await system.drop(ws);
      await end();
      const again = await system.join("ada", { attempt: attempt++ });
      expect(roomsOf(again)).toEqual(isKept ? ["room:hall"] : []);
      await system.manager.leave(again, "hall");
      await system.drop(again);
    }
  });

  it("counts as a room: one above the limit is refused", async () => {
    create({ limits: { rooms: 1 } });
    const ws = await system.join("ada");
    await system.manager.join(ws, "a");
    await expect(system.manager.join(ws, "b")).rejects.toMatchObject({ code: "limit_exceeded" });
    await system.drop(ws);
    expect(roomsOf(await system.join("ada", { attempt: 2 }))).toEqual(["room:a"]);
  });

  it("above the limit is not the client's either when another is entered at the same time", async () => {
    create({ limits: { rooms: 1 } });
    const ws = await system.join("ada");
    const joins = await Promise.allSettled(["a", "b"].map((room) => system.manager.join(ws, room)));
    expect(joins.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await system.manager.leave(ws, "a");
    await system.drop(ws);
    const again = await system.join("ada", { attempt: 2 });
    expect([roomsOf(again), again.received("left")]).toEqual([[], []]);
  });

  it("while the welcome is prepared comes before the rooms of the hello, of which one may be above the limit", async () => {
    let isGiven = false;
    const authorize = async ({ room }: { readonly room: string }) => {
      if (room === "own" && !isGiven) await system.manager.join(ws, "given");
      isGiven ||= room === "own";
      return true;
    };
    create({ limits: { rooms: 1 }, authorize });
    const ws = await system.openV1("ada");
    await system.say(ws, { type: "hello", clientId: CLIENT_ID, attempt: 1, positions: [], rooms: ["own"] });
    expect([roomsOf(ws), ws.closedWith]).toEqual([["room:given"], undefined]);
    expect(ws.received("left")).toMatchObject([{ room: "own", reason: "limit_exceeded" }]);
  });
});

it("a plain client that says hello late is asked for the rights to its rooms again", async () => {
  let may = true;
  create({ authorize: ({ room }) => may || room === "all" });
  const ws = await system.open("ada");
  const [connection] = system.internals.connections.all();
  if (connection === undefined) throw new Error("not connected");
  await system.internals.rooms.joinByClient(connection, "hall", () => undefined);
  may = false;
  await system.say(ws, { type: "hello", clientId: CLIENT_ID, attempt: 1, positions: [], rooms: [] });
  expect(roomsOf(ws)).toEqual(["room:hall"]);
  expect(ws.received("left")).toMatchObject([{ room: "hall", reason: "forbidden" }]);
  expect((await system.manager.listUsers({ room: "hall" })).total).toBe(0);
});
