import { defineProtocol } from "@halyard/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";
import { createWebSocketSystem } from "../system.ts";

const protocol = defineProtocol({
  presence: { state: z.object({ x: z.number(), mood: z.string().default("calm") }) },
});

let system: TestSystem<typeof protocol>;
const create = (config: TestConfig<typeof protocol> = {}): void => {
  system = new TestSystem<typeof protocol>({ protocol, authorize: () => true, ...config });
};

afterEach(() => system.expectToEndCleanly());

const show = (ws: FakeSocket, state: unknown, room = "a") =>
  system.ask(ws, { type: "presence_update", room, state, $: { id: "1" } });

const states = async (room = "a"): Promise<unknown[]> =>
  (await system.manager.listUsers({ room })).users.map(({ presence }) => presence);

describe("presence_update", () => {
  it("shows the state after the schema, also in listUsers", async () => {
    create();
    const ada = await system.join("ada", { rooms: ["a"] });
    const frames = await show(ada, { x: 1, other: 2 });
    expect(frames).toContainEqual({ type: "reply", $: { re: "1" } });
    expect(await states()).toEqual([{ x: 1, mood: "calm" }]);
  });

  it("keeps the state through a change of the profile", async () => {
    create();
    const ada = await system.join("ada", { rooms: ["a"] });
    await show(ada, { x: 1 });
    const [connection] = system.internals.connections.all();
    connection?.replace({ user: { id: "ada", name: "Ada the Second" } } as never);
    await system.clock.advance(1_000);
    const { users } = await system.manager.listUsers({ room: "a" });
    expect(users).toMatchObject([{ name: "Ada the Second", presence: { x: 1, mood: "calm" } }]);
  });

  it("is an unknown type without presence state in the contract", async () => {
    const plain = new TestSystem({ authorize: () => true });
    const ada = await plain.join("ada", { rooms: ["a"] });
    const [error] = await plain.ask(ada, { type: "presence_update", room: "a", state: {}, $: { id: "1" } });
    expect(error).toMatchObject({ type: "error", code: "unknown_type", $: { re: "1" } });
    await plain.expectToEndCleanly();
    create();
  });

  it.each([
    [{ presence: false as const }, () => true],
    [{}, ({ action }: { readonly action: string }) => action !== "presence"],
  ])("is forbidden where there is no presence: %j", async (builtIns, authorize) => {
    create({ builtIns, authorize });
    const ada = await system.join("ada", { rooms: ["a"] });
    expect((await show(ada, { x: 1 })).at(0)).toMatchObject({ type: "error", code: "forbidden" });
  });

  it("reports what a schema throws, and answers with an error that passes", async () => {
    const broken = defineProtocol({
      presence: {
        state: z.object({
          x: z.number().refine(() => {
            throw new Error("down");
          }),
        }),
      },
    });
    system = new TestSystem({ protocol: broken, authorize: () => true }) as unknown as typeof system;
    const ada = await system.join("ada", { rooms: ["a"] });
    expect((await show(ada, { x: 1 })).at(0)).toMatchObject({ type: "error", code: "unavailable" });
    expect(system.errors).toHaveLength(1);
  });
});

describe("the states of a node's connections", () => {
  it("go to the backplane one at a time: of those that are set meanwhile, the newest follows", async () => {
    const backplane = createMemoryBackplane();
    const releases: (() => void)[] = [];
    const declared: string[] = [];
    const { applyPresence } = backplane;
    backplane.applyPresence = async (ops) => {
      for (const op of ops) if (op.op === "+" && op.state) declared.push(op.state.json);
      if (ops.some((op) => op.op === "+" && op.state))
        await new Promise<void>((resolve) => releases.push(resolve));
      return applyPresence.call(backplane, ops);
    };
    create({ backplane });
    const ada = await system.join("ada", { rooms: ["a"] });
    for (let x = 0; x < 5; x++) await show(ada, { x });
    expect(declared).toEqual(['{"x":0,"mood":"calm"}']);
    releases.shift()?.();
    await system.clock.settle();
    expect(declared.slice(1)).toEqual(['{"x":4,"mood":"calm"}']);
    releases.shift()?.();
    await system.clock.settle();
    expect([declared.length, await states()]).toEqual([2, [{ x: 4, mood: "calm" }]]);
  });

  it("are declared again with their connections", async () => {
    create();
    const ada = await system.join("ada", { rooms: ["a"] });
    await show(ada, { x: 1 });
    const { presence, connections } = system.internals;
    await presence.declareAgain(connections.all(), { rooms: true });
    expect(await states()).toEqual([{ x: 1, mood: "calm" }]);
  });
});

it("a system says at once that its backplane carries no states", () => {
  create();
  const backplane = Object.assign(createMemoryBackplane(), { carriesStates: false, kind: "older" });
  expect(() => createWebSocketSystem({ protocol, backplane })).toThrow(
    new TypeError(
      'The contract has presence state, which the backplane "older" does not carry: it needs a newer version of its package.',
    ),
  );
});
