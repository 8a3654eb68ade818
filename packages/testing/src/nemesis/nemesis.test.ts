import { describe, expect, it } from "vitest";
import { createTestClock } from "../clock/test-clock.ts";
import { createNemesis } from "./nemesis.ts";
import type { Fault, NemesisOptions } from "./nemesis.ts";

function start(options: Partial<NemesisOptions> & Pick<NemesisOptions, "faults">) {
  const clock = createTestClock({ now: new Date(0) });
  const nemesis = createNemesis({ seed: 7, clock, ...options });
  nemesis.start();
  return { clock, nemesis };
}

const harmless: Fault = { strike: () => ({}) };

describe("createNemesis", () => {
  it("strikes at the same times with the same faults and decisions for the same seed", async () => {
    const run = async (seed: number) => {
      const faults: NemesisOptions["faults"] = {
        cut: { strike: (chance) => ({ what: `connection ${chance.integer(1, 100)}` }) },
        stall: { strike: (chance) => ({ what: chance.pick(["up", "down"]), heal: () => {} }) },
      };
      const { clock, nemesis } = start({ seed, faults });
      await clock.advance(30_000);
      await nemesis.stop();
      return nemesis.log;
    };
    const log = await run(7);
    expect(log.length).toBeGreaterThan(40);
    expect(await run(7)).toEqual(log);
    expect(await run(8)).not.toEqual(log);
  });

  it("draws random numbers for each strike alone, so that one fault does not change another", async () => {
    const run = async (draws: number) => {
      const greedy: Fault = {
        strike: (chance) => {
          for (let draw = 0; draw < draws; draw++) chance.random();
          return {};
        },
      };
      const modest: Fault = { strike: (chance) => ({ what: String(chance.random()) }) };
      const { clock, nemesis } = start({ faults: { greedy, modest } });
      await clock.advance(20_000);
      return nemesis.log;
    };
    expect(await run(1)).toEqual(await run(1_000));
  });

  it("decides anew for each strike, also with the date as its seed", async () => {
    const fault: Fault = { strike: (chance) => ({ what: String(chance.random()) }) };
    const { clock, nemesis } = start({ seed: 1_764_500_000_000, faults: { fault } });
    await clock.advance(20_000);
    expect(new Set(nemesis.log.map(({ what }) => what)).size).toBe(nemesis.log.length);
  });

  it("chooses faults by weight, and never one of weight 0", async () => {
    const { clock, nemesis } = start({
      faults: { often: { ...harmless, weight: 9 }, rarely: harmless, never: { ...harmless, weight: 0 } },
    });
    await clock.advance(200_000);
    const count = (name: string) => nemesis.log.filter(({ fault }) => fault === name).length;
    expect(count("often")).toBeGreaterThan(6 * count("rarely"));
    expect(count("rarely")).toBeGreaterThan(0);
    expect(count("never")).toBe(0);
  });

  it("waits between strikes for a time within everyMs", async () => {
    const { clock, nemesis } = start({ faults: { harmless }, everyMs: [400, 600] });
    await clock.advance(60_000);
    const times = nemesis.log.map(({ atMs }) => atMs);
    const pauses = times.map((time, index) => time - (times[index - 1] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(399);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(601);
  });

  it("heals each strike once, after a time within lastsMs", async () => {
    let broken = 0;
    const stall: Fault = { lastsMs: [50, 60], strike: () => (broken++, { heal: () => broken-- }) };
    const { clock, nemesis } = start({ faults: { stall }, everyMs: [1_000, 1_000] });
    await clock.advance(1_000);
    expect(broken).toBe(1);
    await clock.advance(60);
    expect(broken).toBe(0);
    await clock.advance(5_000);
    await nemesis.stop();
    expect(broken).toBe(0);
    const healed = nemesis.log.filter(({ event }) => event === "healed");
    expect(healed).toHaveLength(nemesis.log.length / 2);
  });

  it("heals everything when it stops, also a strike that has not returned yet, and strikes no more", async () => {
    let broken = 0;
    const slowStrike: { finish?: () => void } = {};
    const stall: Fault = { lastsMs: [9_000, 9_000], strike: () => (broken++, { heal: () => broken-- }) };
    const slow: Fault = {
      strike: async () => {
        await new Promise<void>((resolve) => (slowStrike.finish = resolve));
        return { heal: () => broken-- };
      },
    };
    const { clock, nemesis } = start({ faults: { stall, slow }, everyMs: [1_000, 1_000] });
    while (!slowStrike.finish) await clock.advance(1_000);
    const stopping = nemesis.stop();
    broken++;
    slowStrike.finish();
    await stopping;
    expect(broken).toBe(0);
    const { length } = nemesis.log;
    await clock.advance(10_000);
    expect(nemesis.log).toHaveLength(length);
  });

  it("logs a strike as missed when there was nothing to strike", async () => {
    const { clock, nemesis } = start({ faults: { cut: { strike: () => undefined } }, everyMs: [10, 10] });
    await clock.advance(10);
    expect(nemesis.log).toEqual([{ strike: 1, fault: "cut", event: "missed", atMs: 10 }]);
  });

  it("goes on after a fault that throws, and rejects stop with its errors once", async () => {
    const errors: string[] = [];
    const broken: Fault = {
      strike: () => {
        throw new Error("no such process");
      },
    };
    const { clock, nemesis } = start({
      faults: { broken },
      everyMs: [10, 10],
      onEntry: ({ event, what }) => errors.push(`${event}: ${what}`),
    });
    await clock.advance(20);
    expect(errors).toEqual(Array(2).fill("failed: Error: no such process"));
    await expect(nemesis.stop()).rejects.toThrow("2 faults failed");
    await expect(nemesis.stop()).resolves.toBeUndefined();
  });

  it("goes on after an onEntry that throws, heals every strike, and rejects stop with the errors", async () => {
    let broken = 0;
    const stall: Fault = { lastsMs: [5, 5], strike: () => (broken++, { heal: () => broken-- }) };
    const { clock, nemesis } = start({
      faults: { stall },
      everyMs: [10, 10],
      onEntry: () => {
        throw new Error("the log is full");
      },
    });
    await clock.advance(10);
    expect(broken).toBe(1);
    await clock.advance(5);
    expect(broken).toBe(0);
    const error: unknown = await nemesis.stop().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ errors: [new Error("the log is full"), new Error("the log is full")] });
    expect(nemesis.log.map(({ event }) => event)).toEqual(["struck", "healed"]);
  });

  it("throws a RangeError without a fault that can strike, and for times that are no durations", () => {
    expect(() => createNemesis({ seed: 1, faults: {} })).toThrow(RangeError);
    expect(() => createNemesis({ seed: 1, faults: { harmless }, everyMs: [0, 10] })).toThrow(RangeError);
    expect(() => createNemesis({ seed: 1, faults: { x: { ...harmless, lastsMs: [20, 10] } } })).toThrow(
      RangeError,
    );
  });

  it("strikes in real time without a clock", async () => {
    const struck = new Promise<void>((resolve) => {
      const nemesis = createNemesis({
        seed: 1,
        everyMs: [1, 2],
        faults: { cut: { strike: () => (void nemesis.stop().then(resolve), {}) } },
      });
      nemesis.start();
    });
    await struck;
  });
});
