import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { KeyedThrottle } from "./keyed-throttle.ts";

function create(): {
  clock: FakeClock;
  offer: (key: string, item: string) => void;
  passed: string[];
  clear: () => void;
} {
  const clock = new FakeClock({ now: 0 });
  const throttle = new KeyedThrottle(clock, 50);
  const passed: string[] = [];
  const offer = (key: string, item: string): void => {
    throttle.run(key, () => passed.push(`${item} at ${String(clock.now())}`));
  };
  return { clock, offer, passed, clear: () => throttle.clear() };
}

describe("KeyedThrottle", () => {
  it("lets the first through at once, and then the newest each 50 ms", () => {
    const { clock, offer, passed } = create();
    for (let n = 0; n < 20; n++) {
      offer("a", String(n));
      clock.skip(10);
    }
    clock.skip(100);
    expect(passed).toEqual(["0 at 0", "4 at 50", "9 at 100", "14 at 150", "19 at 200"]);
  });

  it("always lets the last one through", () => {
    const { clock, offer, passed } = create();
    for (const item of ["first", "dropped", "last"]) offer("a", item);
    clock.skip(50);
    expect(passed).toEqual(["first at 0", "last at 50"]);
  });

  it("knows keys apart", () => {
    const { offer, passed } = create();
    offer("a", "1");
    offer("b", "2");
    expect(passed).toEqual(["1 at 0", "2 at 0"]);
  });

  it("keeps nothing of a key that is quiet", () => {
    const { clock, offer, passed } = create();
    offer("a", "1");
    clock.skip(50);
    expect(clock.timers).toBe(0);
    offer("a", "2");
    expect(passed).toEqual(["1 at 0", "2 at 50"]);
  });

  it("is silent and without a timer when it is cleared", () => {
    const { clock, offer, passed, clear } = create();
    offer("a", "1");
    offer("a", "2");
    clear();
    clock.skip(1_000);
    expect(passed).toEqual(["1 at 0"]);
    expect(clock.timers).toBe(0);
  });
});
