import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SerialQueue } from "./serial-queue.ts";

interface Gate {
  readonly job: () => Promise<void>;
  readonly open: () => void;
}

function gate(onStart: () => void): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const job = (): Promise<void> => {
    onStart();
    return opened;
  };
  return { job, open };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a lane", () => {
  it("runs a job at once when nothing is before it", () => {
    const ran: string[] = [];
    const lane = new SerialQueue();
    lane.add(() => void ran.push("a"));
    lane.add(async () => void ran.push("b"));
    expect(ran).toEqual(["a", "b"]);
  });

  it("runs one job at a time, in the order in which they came", async () => {
    const ran: string[] = [];
    const lane = new SerialQueue();
    const gates = ["a", "b", "c"].map((name) => gate(() => ran.push(name)));
    for (const { job } of gates) lane.add(job);
    expect(ran).toEqual(["a"]);
    expect(lane.waiting).toBe(2);
    gates[0]?.open();
    await settled();
    expect(ran).toEqual(["a", "b"]);
    gates[1]?.open();
    gates[2]?.open();
    await lane.onIdle();
    expect(ran).toEqual(["a", "b", "c"]);
    expect(lane.waiting).toBe(0);
  });

  it("keeps the order of jobs that take time and jobs that take none, whenever they come", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 30 }), async (turns) => {
        const lane = new SerialQueue();
        const ran: number[] = [];
        for (const [index, count] of turns.entries()) {
          lane.add(() => {
            ran.push(index);
            return count === 0 ? undefined : waitTurns(count);
          });
          if (count === 3) await Promise.resolve();
        }
        await lane.onIdle();
        expect(ran).toEqual(turns.map((_, index) => index));
      }),
    );
  });

  it("runs what a job adds after it, and never inside it", async () => {
    const ran: string[] = [];
    const lane = new SerialQueue();
    lane.add(() => {
      lane.add(() => void ran.push("inner"));
      ran.push("outer");
    });
    await lane.onIdle();
    expect(ran).toEqual(["outer", "inner"]);
  });

  it("forgets what has not begun when it is cleared", async () => {
    const ran: string[] = [];
    const lane = new SerialQueue();
    const first = gate(() => ran.push("first"));
    lane.add(first.job);
    lane.add(() => void ran.push("never"));
    lane.clear();
    expect(lane.waiting).toBe(0);
    first.open();
    await settled();
    lane.add(() => void ran.push("later"));
    expect(ran).toEqual(["first", "later"]);
  });

  it("is idle once everything is done, and at once when nothing is to do", async () => {
    const lane = new SerialQueue();
    await lane.onIdle();
    const first = gate(() => undefined);
    lane.add(first.job);
    let isIdle = false;
    void lane.onIdle().then(() => (isIdle = true));
    await settled();
    expect(isIdle).toBe(false);
    first.open();
    await settled();
    expect(isIdle).toBe(true);
  });

  it("is idle also when what waited was cleared", async () => {
    const lane = new SerialQueue();
    const first = gate(() => undefined);
    lane.add(first.job);
    let isIdle = false;
    void lane.onIdle().then(() => (isIdle = true));
    lane.clear();
    first.open();
    await settled();
    expect(isIdle).toBe(true);
  });
});

async function waitTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
