import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { KeyedThrottle } from "./keyed-throttle.ts";
import type { ThrottleRule } from "./keyed-throttle.ts";

const LATEST: ThrottleRule = { intervalMs: 50, kept: 1 };
const ALL: ThrottleRule = { intervalMs: 50, kept: 64 };

class Scene {
  readonly clock = new FakeClock({ now: 0 });
  readonly delivered: string[] = [];
  dropped = 0;
  isBusy = false;
  readonly throttle = new KeyedThrottle<string>({
    clock: this.clock,
    deliver: (item) => {
      if (!this.isBusy) this.delivered.push(`${item} at ${String(this.clock.now())}`);
      return !this.isBusy;
    },
    onDropped: () => {
      this.dropped++;
    },
  });

  get items(): string[] {
    return this.delivered.map((text) => text.replace(/ at .*/, ""));
  }
}

describe("KeyedThrottle", () => {
  it("delivers the first item at once, and then the newest every 50 ms", () => {
    const { clock, throttle, delivered } = new Scene();
    for (let n = 0; n < 20; n++) {
      throttle.add("a", String(n), LATEST);
      clock.skip(10);
    }
    clock.skip(100);
    expect(delivered).toEqual(["0 at 0", "4 at 50", "9 at 100", "14 at 150", "19 at 200"]);
  });

  it("always delivers the last item, and counts the others", () => {
    const scene = new Scene();
    for (const item of ["first", "dropped", "last"]) scene.throttle.add("a", item, LATEST);
    scene.clock.skip(50);
    expect(scene.delivered).toEqual(["first at 0", "last at 50"]);
    expect(scene.dropped).toBe(1);
  });

  it("delivers all items of an interval together, at its end and in order, where all are kept", () => {
    const scene = new Scene();
    for (let n = 0; n < 5; n++) {
      scene.throttle.add("a", String(n), ALL);
      scene.clock.skip(10);
    }
    expect(scene.delivered).toEqual(["0 at 0", "1 at 50", "2 at 50", "3 at 50", "4 at 50"]);
    expect(scene.dropped).toBe(0);
  });

  it("drops and counts the oldest of more than 64 items in an interval", () => {
    const scene = new Scene();
    for (let n = 0; n < 70; n++) scene.throttle.add("a", String(n), ALL);
    scene.clock.skip(50);
    expect(scene.items).toEqual(["0", ...Array.from({ length: 64 }, (_, n) => String(n + 6))]);
    expect(scene.dropped).toBe(5);
  });

  it("throttles each key by itself", () => {
    const { throttle, delivered } = new Scene();
    throttle.add("a", "1", LATEST);
    throttle.add("b", "2", LATEST);
    expect(delivered).toEqual(["1 at 0", "2 at 0"]);
  });

  it("keeps what cannot be taken for the next interval", () => {
    const scene = new Scene();
    scene.isBusy = true;
    for (const item of ["1", "2", "3"]) scene.throttle.add("a", item, LATEST);
    scene.clock.skip(75);
    scene.isBusy = false;
    scene.clock.skip(25);
    expect(scene.delivered).toEqual(["3 at 100"]);
  });

  it("forgets a key after 50 ms without an item", () => {
    const { clock, throttle, delivered } = new Scene();
    throttle.add("a", "1", LATEST);
    clock.skip(50);
    expect(clock.timers).toBe(0);
    throttle.add("a", "2", LATEST);
    expect(delivered).toEqual(["1 at 0", "2 at 50"]);
  });

  it("delivers at once what waits for a key that ends, and has no timer of it after that", () => {
    const scene = new Scene();
    for (const item of ["1", "2", "3"]) scene.throttle.add("a", item, ALL);
    for (const item of ["4", "5", "6"]) scene.throttle.add("b", item, LATEST);
    scene.throttle.end((key) => key === "a");
    expect(scene.items).toEqual(["1", "4", "2", "3"]);
    expect(scene.clock.timers).toBe(1);
    scene.throttle.end();
    expect(scene.items).toEqual(["1", "4", "2", "3", "6"]);
    expect(scene.clock.timers).toBe(0);
    expect(scene.dropped).toBe(1);
  });

  it("drops and counts what cannot be taken when its key ends", () => {
    const scene = new Scene();
    scene.isBusy = true;
    for (const item of ["1", "2", "3"]) scene.throttle.add("a", item, ALL);
    scene.throttle.end();
    expect(scene.dropped).toBe(3);
    expect(scene.clock.timers).toBe(0);
  });

  it("delivers nothing and has no timer after it is cleared", () => {
    const { clock, throttle, delivered } = new Scene();
    throttle.add("a", "1", LATEST);
    throttle.add("a", "2", LATEST);
    throttle.clear();
    clock.skip(1_000);
    expect(delivered).toEqual(["1 at 0"]);
    expect(clock.timers).toBe(0);
  });
});

const step = fc.oneof(
  fc.record({ do: fc.constant("add" as const), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ do: fc.constantFrom("pass" as const, "busy" as const, "free" as const), count: fc.nat(60) }),
);

describe("under any order of items, pauses and busy times", () => {
  const run = (steps: readonly { do: string; count: number }[], rule: ThrottleRule) => {
    const scene = new Scene();
    let added = 0;
    for (const { do: action, count } of steps) {
      if (action === "add") for (let n = 0; n < count; n++) scene.throttle.add("a", String(added++), rule);
      else if (action === "pass") scene.clock.skip(count);
      else scene.isBusy = action === "busy";
    }
    scene.isBusy = false;
    scene.clock.skip(200);
    return { scene, added };
  };

  it("the last item is delivered, and each one is delivered or counted, where the newest is kept", () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { scene, added } = run(steps, LATEST);
        const numbers = scene.items.map(Number);
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        expect(numbers.length + scene.dropped).toBe(added);
        if (added > 0) expect(numbers.at(-1)).toBe(added - 1);
      }),
    );
  });

  it("every item is delivered once and in order, where all are kept and no more than 64 come in an interval", () => {
    fc.assert(
      // Eight items a step: at most 64.
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const { scene, added } = run(steps, ALL);
        expect(scene.items).toEqual(Array.from({ length: added }, (_, n) => String(n)));
        expect(scene.dropped).toBe(0);
      }),
    );
  });
});
