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

describe("SerialQueue", () => {
  it("runs a job at once when no other job is running", () => {
    const ran: string[] = [];
    const queue = new SerialQueue();
    queue.add(() => void ran.push("a"));
    queue.add(async () => void ran.push("b"));
    expect(ran).toEqual(["a", "b"]);
  });

  it("runs one job at a time, in the order in which they were added", async () => {
    const ran: string[] = [];
    const queue = new SerialQueue();
    const gates = ["a", "b", "c"].map((name) => gate(() => ran.push(name)));
    for (const { job } of gates) queue.add(job);
    expect(ran).toEqual(["a"]);
    expect(queue.waiting).toBe(2);
    gates[0]?.open();
    await settled();
    expect(ran).toEqual(["a", "b"]);
    gates[1]?.open();
    gates[2]?.open();
    await queue.onIdle();
    expect(ran).toEqual(["a", "b", "c"]);
    expect(queue.waiting).toBe(0);
  });

  it("keeps the order of asynchronous and synchronous jobs, whenever they are added", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 30 }), async (turns) => {
        const queue = new SerialQueue();
        const ran: number[] = [];
        for (const [index, count] of turns.entries()) {
          queue.add(() => {
            ran.push(index);
            return count === 0 ? undefined : waitTurns(count);
          });
          if (count === 3) await Promise.resolve();
        }
        await queue.onIdle();
        expect(ran).toEqual(turns.map((_, index) => index));
      }),
    );
  });

  it("runs a job that another job adds after that job, never inside it", async () => {
    const ran: string[] = [];
    const queue = new SerialQueue();
    queue.add(() => {
      queue.add(() => void ran.push("inner"));
      ran.push("outer");
    });
    await queue.onIdle();
    expect(ran).toEqual(["outer", "inner"]);
  });

  it("drops the jobs that have not started when it is cleared", async () => {
    const ran: string[] = [];
    const queue = new SerialQueue();
    const first = gate(() => ran.push("first"));
    queue.add(first.job);
    queue.add(() => void ran.push("never"));
    queue.clear();
    expect(queue.waiting).toBe(0);
    first.open();
    await settled();
    queue.add(() => void ran.push("later"));
    expect(ran).toEqual(["first", "later"]);
  });

  it("is idle once all jobs are done, and at once when there is none", async () => {
    const queue = new SerialQueue();
    await queue.onIdle();
    const first = gate(() => undefined);
    queue.add(first.job);
    let isIdle = false;
    void queue.onIdle().then(() => (isIdle = true));
    await settled();
    expect(isIdle).toBe(false);
    first.open();
    await settled();
    expect(isIdle).toBe(true);
  });

  it("is idle after the queued jobs were cleared", async () => {
    const queue = new SerialQueue();
    const first = gate(() => undefined);
    queue.add(first.job);
    let isIdle = false;
    void queue.onIdle().then(() => (isIdle = true));
    queue.clear();
    first.open();
    await settled();
    expect(isIdle).toBe(true);
  });
});

async function waitTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
