import { describe, expect, it } from "vitest";
import { createRandom } from "../utils/random.ts";
import { FakeClock } from "./fake-clock.ts";

/** A clock that starts at 0, and a function that sets a timer which records its name and its time. */
function start() {
  const clock = new FakeClock({ now: 0 });
  const ran: string[] = [];
  const set = (name: string, ms: number) => clock.setTimeout(() => ran.push(`${name} at ${clock.now()}`), ms);
  return { clock, ran, set };
}

describe("FakeClock", () => {
  it("runs timers in the order of their times, and of one time in the order in which they were set", () => {
    const { clock, ran, set } = start();
    set("c", 20);
    set("a", 10);
    set("d", 20);
    set("later", 31);
    clock.skip(30);
    expect(ran).toEqual(["a at 10", "c at 20", "d at 20"]);
    expect([clock.now(), clock.timers, clock.nextTimerAt]).toEqual([30, 1, 31]);
  });

  it("runs a timer that a timer sets, when it is due within the same call", () => {
    const { clock, ran, set } = start();
    clock.setTimeout(() => set("second", 5), 5);
    clock.skip(10);
    expect(ran).toEqual(["second at 10"]);
  });

  it("runs no timer that was cleared, also by another timer of the same time", () => {
    const { clock, ran, set } = start();
    const other: { timer?: number } = {};
    clock.setTimeout(() => clock.clearTimeout(other.timer), 10);
    other.timer = set("cleared", 10);
    clock.clearTimeout(set("cleared early", 5));
    expect(clock.nextTimerAt).toBe(10);
    clock.skip(10);
    expect(ran).toEqual([]);
    expect([clock.timers, clock.nextTimerAt]).toEqual([0, undefined]);
  });

  it("takes a negative time for none", () => {
    const { clock, ran, set } = start();
    set("at once", 0);
    set("negative", -5);
    clock.skip(0);
    expect(ran).toEqual(["at once at 0", "negative at 0"]);
  });

  it("waits for its caller before the first timer and after each one", async () => {
    const { clock, ran, set } = start();
    set("a", 10);
    set("b", 20);
    await clock.pass(20, async () => void ran.push("settled"));
    expect(ran).toEqual(["settled", "a at 10", "settled", "b at 20", "settled"]);
  });

  it("runs late what became due in a jump", () => {
    const { clock, ran, set } = start();
    set("a", 10);
    clock.jump(25);
    expect(ran).toEqual([]);
    clock.skip(0);
    expect(ran).toEqual(["a at 25"]);
  });

  it("runs one timer before its time, and not again", () => {
    const { clock, ran, set } = start();
    const timer = set("a", 10);
    clock.run(timer);
    clock.run(timer);
    clock.skip(10);
    expect(ran).toEqual(["a at 0"]);
  });

  it("draws the numbers of its seed, or those that it is given", () => {
    const random = createRandom(7);
    const clock = new FakeClock({ seed: 7 });
    expect([clock.random(), clock.random()]).toEqual([random(), random()]);
    expect(new FakeClock({ random: () => 0.5 }).random()).toBe(0.5);
  });
});
