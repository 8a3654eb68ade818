import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Batch, OutboundFrame } from "./outbound-frame.ts";

const frames = ["a", "b", "c", "d"].map((text) => new OutboundFrame(text));
const [a, b, c] = frames as [OutboundFrame, OutboundFrame, OutboundFrame];

const fill = (empty: Batch, list: readonly OutboundFrame[]): Batch =>
  list.reduce((batch, frame) => batch.append(frame), empty);

describe("Batch", () => {
  it("holds its frames in the order in which they were appended", () => {
    const lists = fc.array(fc.constantFrom(...frames), { maxLength: 20 });
    fc.assert(
      fc.property(fc.array(lists, { maxLength: 8 }), (turns) => {
        const empty = new Batch();
        for (const list of turns) {
          const batch = fill(empty, list);
          expect(batch.frames()).toEqual(list);
          expect(batch.length).toBe(list.length);
        }
      }),
    );
  });

  it("is the same object for all connections that get the same frames in the same order", () => {
    const empty = new Batch();
    expect(fill(empty, [a, b])).toBe(fill(empty, [a, b]));
    expect(fill(empty, [a, b])).not.toBe(fill(empty, [b, a]));
  });

  it("is the same object for a whole fan-out, also where some connections get fewer frames", () => {
    const empty = new Batch();
    const whole = Array.from({ length: 100 }, () => empty.append(a));
    const next = whole.map((batch, index) => (index % 3 === 0 ? batch : batch.append(b)));
    expect(new Set(whole).size).toBe(1);
    expect(new Set(next).size).toBe(2);
  });

  it("does not change when another connection appends to it", () => {
    const one = fill(new Batch(), [a]);
    one.append(b);
    one.append(c);
    expect(one.frames()).toEqual([a]);
  });

  it("knows whether it holds an ephemeral frame", () => {
    const typing = new OutboundFrame("t", true);
    expect(fill(new Batch(), [a, b]).hasEphemeral).toBe(false);
    expect(fill(new Batch(), [a, typing, b]).hasEphemeral).toBe(true);
  });

  it("keeps no batch of an earlier turn alive", async () => {
    const empty = new Batch();
    const turns = Array.from(
      { length: 200 },
      (_, turn) => new WeakRef(fill(empty, [new OutboundFrame(String(turn)), a])),
    );
    await afterTurn();
    collectGarbage();
    const kept = turns.filter((batch) => batch.deref() !== undefined);
    expect(kept.length).toBeLessThanOrEqual(1);
    expect(empty.frames()).toEqual([]);
  });
});

/** A weak reference holds its target until the turn has ended. */
const afterTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}
