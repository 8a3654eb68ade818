import { beforeEach, describe, expect, it } from "vitest";
import { DeliveryChecker } from "./delivery-checker.ts";
import { Trial } from "./trial.ts";
import type { Verdict } from "./verdict.ts";
import { isGood, verdictText } from "./verdict.ts";

describe("the trial of one trouble", () => {
  let now: number;
  let areBothUp: boolean;
  let checker: DeliveryChecker;
  let verdicts: Verdict[];
  let trial: Trial;
  beforeEach(() => {
    now = 1_000;
    areBothUp = true;
    checker = new DeliveryChecker();
    verdicts = [];
    trial = new Trial({
      guest: "you",
      checker,
      areBothUp: () => areBothUp,
      doubledFrames: () => 0,
      now: () => now,
      onVerdict: (verdict) => verdicts.push({ ...verdict, id: 1, afterId: undefined }),
    });
  });

  function write(number: number): void {
    checker.onWritten("you", number);
    trial.onWritten(number);
  }

  function arrive(number: number): void {
    for (const reader of ["you", "companion"] as const)
      checker.onArrived(reader, "you", { number, how: "live" });
    trial.check();
  }

  it("gives no verdict on a trouble that its button could not cause", () => {
    trial.begin("The server was killed");
    trial.cancel();
    trial.release();
    expect([trial.title, verdicts]).toEqual([undefined, []]);
  });

  it("ends when the pane is back and every line has arrived, with what was observed", () => {
    trial.begin("The plug was pulled");
    trial.onDown();
    write(1);
    checker.onWritten("companion", 1);
    checker.onArrived("companion", "companion", { number: 1, how: "live" });
    now += 4_100;
    trial.release();
    expect(verdicts).toEqual([]);
    trial.onUp();
    arrive(1);
    expect(verdicts).toEqual([]);
    checker.onArrived("you", "companion", { number: 1, how: "replayed" });
    trial.onRecovered("replayed");
    trial.check();
    const [verdict] = verdicts;
    expect(verdict && verdictText(verdict)).toBe(
      "away 4.1 s · 1 sent once · 1 missed and replayed · 0 lost · 0 doubled",
    );
    expect(verdict && isGood(verdict)).toBe(true);
    expect(trial.title).toBeUndefined();
  });

  it("begins by itself when the connection is lost, and ends with the connection", () => {
    trial.onDown();
    expect(trial.title).toBe("The connection was lost");
    now += 200;
    trial.onUp();
    expect(verdicts).toMatchObject([{ isCaused: false, awayMs: 200, connections: 1 }]);
  });

  it("gives up a line that does not arrive within eight seconds, and says that it is lost", () => {
    trial.begin("The plug was pulled");
    trial.onDown();
    write(1);
    trial.onUp();
    trial.release();
    checker.onArrived("you", "you", { number: 1, how: "live" });
    now += 7_999;
    trial.check();
    expect(verdicts).toEqual([]);
    now += 1;
    trial.check();
    expect(verdicts).toMatchObject([{ written: 1, sentOnce: 0, lost: 1 }]);
    expect(verdicts.map(isGood)).toEqual([false]);
  });

  it("waits for the other pane, however long it is away", () => {
    trial.begin("The plug was pulled");
    areBothUp = false;
    write(1);
    trial.release();
    now += 60_000;
    trial.check();
    expect(verdicts).toEqual([]);
    areBothUp = true;
    trial.check();
    arrive(1);
    expect(verdicts).toMatchObject([{ sentOnce: 1, lost: 0 }]);
  });

  it("counts a line that arrived twice meanwhile as doubled", () => {
    trial.begin("Each message was sent twice");
    write(1);
    arrive(1);
    checker.onArrived("companion", "you", { number: 1, how: "live" });
    trial.release();
    expect(verdicts).toMatchObject([{ doubled: 1, sentOnce: 0 }]);
    expect(verdicts.map(isGood)).toEqual([false]);
  });
});
