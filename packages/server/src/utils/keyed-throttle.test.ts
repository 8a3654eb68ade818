import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { KeyedThrottle } from "./keyed-throttle.ts";

function create(): {
  clock: FakeClock;
  call: (key: string, item: string) => void;
  ran: string[];
  clear: () => void;
} {
  const clock = new FakeClock({ now: 0 });
  const throttle = new KeyedThrottle(clock, 50);
  const ran: string[] = [];
  const call = (key: string, item: string): void => {
    throttle.run(key, () => ran.push(`${item} at ${String(clock.now())}`));
  };
  return { clock, call, ran, clear: () => throttle.clear() };
}

describe("KeyedThrottle", () => {
  it("runs the first call at once, and then the newest every 50 ms", () => {
    const { clock, call, ran } = create();
    for (let n = 0; n < 20; n++) {
      call("a", String(n));
      clock.skip(10);
    }
    clock.skip(100);
    expect(ran).toEqual(["0 at 0", "4 at 50", "9 at 100", "14 at 150", "19 at 200"]);
  });

  it("always runs the last call", () => {
    const { clock, call, ran } = create();
    for (const item of ["first", "dropped", "last"]) call("a", item);
    clock.skip(50);
    expect(ran).toEqual(["first at 0", "last at 50"]);
  });

  it("throttles each key by itself", () => {
    const { call, ran } = create();
    call("a", "1");
    call("b", "2");
    expect(ran).toEqual(["1 at 0", "2 at 0"]);
  });

  it("forgets a key after 50 ms without a call", () => {
    const { clock, call, ran } = create();
    call("a", "1");
    clock.skip(50);
    expect(clock.timers).toBe(0);
    call("a", "2");
    expect(ran).toEqual(["1 at 0", "2 at 50"]);
  });

  it("runs no call and has no timer after it is cleared", () => {
    const { clock, call, ran, clear } = create();
    call("a", "1");
    call("a", "2");
    clear();
    clock.skip(1_000);
    expect(ran).toEqual(["1 at 0"]);
    expect(clock.timers).toBe(0);
  });
});
