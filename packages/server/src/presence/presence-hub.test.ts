import { afterEach, describe, expect, it } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";

let system: TestSystem;
const create = (config: TestConfig = {}): TestSystem =>
  (system = new TestSystem({ authorize: () => true, ...config }));

afterEach(() => system.expectToEndCleanly());

/** The presence frames that a socket received since the last call, each as a short text. */
function received(ws: FakeSocket): string[] {
  return ws.take().flatMap(({ type, room, users, userIds, total }) => {
    const who = (users as { userId: string }[] | undefined)?.map(({ userId }) => userId) ?? userIds;
    const where = typeof room === "string" ? ` in ${room}` : "";
    if (!["user_list", "user_joined", "user_left"].includes(type)) return [];
    return [`${type} ${String(who)}${where} of ${String(total)}`];
  });
}

describe("PresenceHub", () => {
  it("announces a user once to the others, however many tabs, and never to the user", async () => {
    create();
    const ada = await system.open("ada");
    expect(received(ada)).toEqual(["user_list ada of 1"]);
    const tabs = [await system.open("bea"), await system.join("bea")];
    await system.clock.advance(200);
    expect(received(ada)).toEqual(["user_joined bea of 2"]);
    for (const tab of tabs) expect(received(tab)).toEqual(["user_list ada,bea of 2"]);
    for (const tab of tabs) await system.drop(tab, 1000);
    await system.clock.advance(200);
    expect(received(ada)).toEqual(["user_left bea of 1"]);
  });

  it("announces nothing on a reload", async () => {
    create();
    const ada = await system.open("ada");
    const bea = await system.open("bea");
    await system.clock.advance(1_000);
    received(ada);
    await system.drop(bea, 1001);
    await system.clock.advance(3_000);
    await system.open("bea");
    await system.clock.advance(60_000);
    expect(received(ada)).toEqual([]);
  });

  it("announces user_left once, five seconds after a connection was cut", async () => {
    create();
    const ada = await system.open("ada");
    const bea = await system.open("bea");
    await system.clock.advance(1_000);
    received(ada);
    await system.drop(bea, 1006);
    await system.clock.advance(4_999);
    expect(received(ada)).toEqual([]);
    await system.clock.advance(200);
    expect(received(ada)).toEqual(["user_left bea of 1"]);
  });

  it("sends the presence of a room to its members only, until they leave", async () => {
    create();
    const [ada, bea] = [await system.join("ada", { rooms: ["a"] }), await system.join("bea")];
    await system.clock.advance(1_000);
    for (const ws of [ada, bea]) received(ws);
    await system.say(bea, { type: "join", room: "a", $: { id: "1" } });
    await system.clock.advance(200);
    expect(received(ada)).toEqual(["user_joined bea in a of 2"]);
    expect(received(bea)).toEqual(["user_list ada,bea in a of 2"]);
    await system.say(bea, { type: "leave", room: "a", $: { id: "2" } });
    await system.clock.advance(200);
    expect(received(ada)).toEqual(["user_left bea in a of 1"]);
    await system.say(ada, { type: "leave", room: "a", $: { id: "3" } });
    await system.say(bea, { type: "join", room: "a", $: { id: "4" } });
    await system.clock.advance(200);
    expect(received(ada)).toEqual([]);
  });

  it("sends the public fields of a user only", async () => {
    create();
    await system.open("bea", { name: "Bea", image: "b.png", email: "bea@example.com", role: "admin" });
    const ada = await system.open("ada");
    await system.clock.advance(200);
    expect(ada.received("user_list")[0]?.["users"]).toContainEqual({
      userId: "bea",
      name: "Bea",
      image: "b.png",
      connectedAt: "2026-11-23T00:00:00.000Z",
    });
    expect(ada.texts.join()).not.toContain("example.com");
  });

  it.each([
    [{ presence: false }, [], []],
    [{ presence: "rooms" }, [], ["user_list ada in a of 1"]],
    [{}, ["user_list ada of 1"], ["user_list ada in a of 1"]],
  ] as const)("is where builtIns has it: %j", async (builtIns, everywhere, inRoom) => {
    create({ builtIns });
    const ws = await system.join("ada");
    expect(received(ws)).toEqual(everywhere);
    await system.say(ws, { type: "join", room: "a", $: { id: "1" } });
    await system.clock.advance(200);
    expect(received(ws)).toEqual(inRoom);
  });

  it("sends no presence to a connection that may not see it", async () => {
    create({ authorize: ({ action }) => action !== "presence" });
    const ws = await system.join("ada", { rooms: ["a"] });
    await system.open("bea");
    await system.clock.advance(200);
    expect(received(ws)).toEqual([]);
  });

  it("reports presence that the backplane did not take, and continues", async () => {
    create();
    const ws = await system.open("ada");
    const failure = new Error("away");
    Object.assign(system.internals.backplane, { applyPresence: () => Promise.reject(failure) });
    await system.drop(ws);
    expect(system.errors).toMatchObject([{ error: failure, context: { type: "backplane" } }]);
    expect(system.manager.getConnectionStats().totalConnections).toBe(0);
  });
});
