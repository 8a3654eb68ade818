import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CHANNELS, RecoveryWorld, ticks } from "../../test/recovery-world.ts";

const publish = fc.record({
  do: fc.constant("publish" as const),
  ch: fc.constantFrom(...CHANNELS),
  count: fc.constantFrom(1, 1, 3, 40),
  except: fc.option(fc.nat(2)),
  /** How many turns of promises pass before it, while something else is under way. */
  after: fc.nat(25),
});
const connect = fc.record({
  do: fc.constant("connect" as const),
  who: fc.nat(2),
  /** What was on its way over the old socket has arrived, or is lost. */
  arrived: fc.boolean(),
  during: fc.array(publish, { maxLength: 3 }),
});
const cut = fc.record({ do: fc.constant("cut" as const), who: fc.nat(2), arrived: fc.boolean() });
const wait = fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(10, 900, 11_000) });
/** A client that says it has read up to somewhere else. */
const lie = fc.record({
  do: fc.constant("lie" as const),
  who: fc.nat(2),
  ch: fc.constantFrom(...CHANNELS),
  off: fc.nat(60),
  epoch: fc.option(fc.constantFrom("another")),
});

type Publish = typeof publish extends fc.Arbitrary<infer TStep> ? TStep : never;
type Honest = typeof honest extends fc.Arbitrary<infer TStep> ? TStep : never;
type Step = Honest | (typeof lie extends fc.Arbitrary<infer TStep> ? TStep : never);

const honest = fc.oneof(publish, connect, cut, wait);

function say(world: RecoveryWorld, { ch, count, except }: Publish): void {
  for (let n = 0; n < count; n++) world.publish(ch, except === null ? undefined : world.clients[except]);
}

async function take(world: RecoveryWorld, step: Step): Promise<void> {
  if (step.do === "wait") {
    await world.system.clock.advance(step.ms);
    return;
  }
  if (step.do === "publish") {
    say(world, step);
    return;
  }
  const client = world.clients[step.who];
  if (client === undefined) return;
  if (step.do === "lie") {
    const known = client.positions.get(step.ch);
    if (known !== undefined && client.ws === undefined)
      client.positions.set(step.ch, { epoch: step.epoch ?? known.epoch, off: step.off });
    return;
  }
  if (!step.arrived) client.ws?.take();
  if (step.do === "cut") await world.cut(client);
  else
    await world.connect(client, async () => {
      for (const each of step.during) {
        await ticks(each.after);
        say(world, each);
      }
    });
}

/** Takes all steps, and brings everyone back at the end: then nothing may be missing. */
async function live(world: RecoveryWorld, steps: readonly Step[]): Promise<void> {
  for (const client of world.clients) await world.connect(client);
  for (const step of steps) {
    await take(world, step);
    if (step.do !== "connect" && step.do !== "cut") await world.settle();
  }
  for (const client of world.clients) if (client.ws === undefined) await world.connect(client);
  await world.settle();
  for (const client of world.clients) expect(client.missing()).toEqual([]);
  expect(world.system.errors).toEqual([]);
}

const small = fc.record({
  historyMessages: fc.integer({ min: 1, max: 60 }),
  historyBytes: fc.constantFrom(200, 5_000, 1_000_000),
  historyMs: fc.constantFrom(500, 5_000, 300_000),
});
const large = { historyMessages: 1_000, historyBytes: 1024 * 1024, historyMs: 24 * 3_600_000 };

describe("under any order of cuts, resumes, publications and claimed positions,", () => {
  it("no client has a gap, a duplicate or another order without a gap message that says why", async () => {
    await fc.assert(
      fc.asyncProperty(small, fc.array(fc.oneof(honest, lie), { maxLength: 25 }), async (limits, steps) => {
        await live(new RecoveryWorld(limits), steps);
      }),
      { numRuns: 300 },
    );
  }, 60_000);

  it("a client with a true position within the window never gets a gap", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(honest, { maxLength: 25 }), async (steps) => {
        const world = new RecoveryWorld(large);
        await live(world, steps);
        expect(world.clients.flatMap(({ gaps }) => gaps)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
