import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { replaceRuntimeTimers, ROOMS, World } from "../../test/orders/world.ts";

const who = fc.nat(3);
const node = fc.nat(1);
const room = fc.constantFrom(...ROOMS);
const place = fc.constantFrom(undefined, ...ROOMS);

const everyday = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      who,
      place,
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("announce" as const),
      node,
      place,
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("join" as const), who, room }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("leave" as const), who, room }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("cut" as const), who, node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reconnect" as const), who, node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reauthorize" as const), who, node }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 20, 300, 2_000, 9_000) }),
  },
);

const fault = fc.oneof(
  { weight: 12, arbitrary: everyday },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("partition" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("freeze" as const), node }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("heal" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kill" as const), node }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("rewind" as const), ms: fc.constantFrom(100, 2_000, 30_000) }),
  },
);

type Step = typeof fault extends fc.Arbitrary<infer TStep> ? TStep : never;
type Actions = {
  readonly [TName in Step["do"]]: (world: World, step: Extract<Step, { readonly do: TName }>) => unknown;
};

const actions: Actions = {
  send: (world, step) => {
    for (let n = 0; n < step.count; n++) world.page(step.who).send(step.place);
  },
  announce: (world, step) => {
    for (let n = 0; n < step.count; n++) world.announce(step.node, step.place);
  },
  join: (world, step) => world.page(step.who).join(step.room),
  leave: (world, step) => world.page(step.who).leave(step.room),
  cut: (world, step) => {
    world.direct(world.page(step.who), step.node);
    world.page(step.who).cut();
  },
  reconnect: (world, step) => {
    world.direct(world.page(step.who), step.node);
    world.page(step.who).client.reconnect();
  },
  reauthorize: (world, step) => {
    const { manager } = world.node(step.node);
    manager.reauthorize(world.page(step.who).userId).catch(() => {});
  },
  wait: (world, step) => world.run(step.ms),
  partition: (world, step) => world.partition(step.node),
  freeze: (world, step) => world.freeze(step.node),
  heal: (world) => world.heal(),
  kill: (world, step) => world.kill(step.node),
  clear: (world) => world.clear(),
  rewind: (world, step) => world.rewind(step.ms),
};

function take(world: World, step: Step): unknown {
  // The name decides the type of the step, which TypeScript cannot infer.
  return (actions[step.do] as (world: World, step: Step) => unknown)(world, step);
}

/** Runs the steps at intervals, and heals all faults. @returns a sentence for each difference from the expected state */
async function live(world: World, steps: readonly Step[]): Promise<readonly string[]> {
  await world.run(300);
  for (const step of steps) {
    await take(world, step);
    await world.run(5);
  }
  const wrong = await world.finish();
  await world.close();
  return wrong;
}

const orders = Number(process.env["HALYARD_ORDERS"] ?? 100);
const seed = Number(process.env["HALYARD_SEED"] ?? 1);

describe(`in ${orders} orders of events from seed ${seed}`, () => {
  beforeEach(() => replaceRuntimeTimers());
  afterEach(() => vi.unstubAllGlobals());

  it("one node leaves no silent gap, no duplicate, no other order, no false receipt and no wrong list of users", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom(0, 300),
        fc.array(everyday, { maxLength: 25 }),
        async (seed, handlerMs, steps) => {
          const world = new World({ seed, handlerMs });
          expect(await live(world, steps)).toEqual([]);
          expect(world.errors).toEqual([]);
        },
      ),
      { numRuns: orders, seed },
    );
  }, 10_000_000);

  it("two nodes leave none either, whatever is lost, late, doubled, cut off, killed, emptied or gone back", async () => {
    const faults = fc.record({
      latencyMs: fc.constantFrom({ min: 0, max: 0 }, { min: 1, max: 25 }, { min: 1, max: 200 }),
      lostReplies: fc.constantFrom(0, 0.05, 0.2),
      doubledCalls: fc.constantFrom(0, 0.1),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.constantFrom(0, 300),
        faults,
        fc.array(fault, { maxLength: 25 }),
        async (seed, handlerMs, shared, steps) => {
          const world = new World({ seed, handlerMs, shared });
          expect(await live(world, steps)).toEqual([]);
        },
      ),
      { numRuns: orders, seed },
    );
  }, 10_000_000);
});
