// FakeClock of packages/testing with the immediates of the server's clock.
// Used by the unit tests of this package, which import it by its path: a dev dependency would be a circle.
// Guarantee: immediates run only in flush() and settle(), timers only when a test lets time pass.
import { FakeClock as TimerClock } from "../../testing/src/clock/fake-clock.ts";
import type { Clock } from "../src/types.ts";

/** A fake clock that also collects immediates: a test ends the turn of the event loop, and then they run. */
export class FakeClock extends TimerClock implements Clock {
  #immediates: (() => void)[] = [];

  readonly setImmediate = (callback: () => void): void => {
    this.#immediates.push(callback);
  };

  /** Ends the current turn: the immediates that were set in it run, and nothing else does. */
  flush(): void {
    const immediates = this.#immediates;
    this.#immediates = [];
    for (const callback of immediates) callback();
  }

  /** Lets everything happen that takes no time. */
  async settle(): Promise<void> {
    do {
      this.flush();
      // All microtasks have run when a real immediate runs.
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#immediates.length > 0);
  }

  /** Lets time pass, timer by timer, and settles before the first one and after each one. */
  async advance(ms: number): Promise<void> {
    await this.pass(ms, () => this.settle());
  }

  /** Blocks the event loop for so long: the timers that became due run late, one after the other. */
  async stall(ms: number): Promise<void> {
    this.jump(ms);
    await this.advance(0);
  }
}
