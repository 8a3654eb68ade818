import { describe, expect, it } from "vitest";
import { ConcurrencyLimiter } from "./concurrency-limiter.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Scene {
  readonly slots: ConcurrencyLimiter;
  /** What began, and what was refused. */
  readonly log: string[];
  readonly enter: (id: string | undefined) => void;
  readonly exit: (id: string) => void;
}

function create(): Scene {
  const slots = new ConcurrencyLimiter({ runningRequests: 2, waitingRequests: 3 });
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const enter = (id: string | undefined): void => {
    const running = async (): Promise<void> =>
      slots.run(id, () => {
        log.push(String(id));
        return new Promise((resolve) => ends.set(String(id), resolve));
      });
    running().catch((error: unknown) => log.push(`${String(id)} ${(error as { code: string }).code}`));
  };
  return { slots, log, enter, exit: (id) => ends.get(id)?.() };
}

describe("the requests of a connection", () => {
  it("are so many at work and so many waiting, and one more is limit_exceeded", async () => {
    const { log, enter } = create();
    for (const id of ["a", "b", "c", "d", "e", "f"]) enter(id);
    await settled();
    expect(log).toEqual(["a", "b", "f limit_exceeded"]);
  });

  it("come to work in the order in which they came", async () => {
    const { log, enter, exit } = create();
    for (const id of ["a", "b", "c", "d"]) enter(id);
    exit("b");
    await settled();
    expect(log).toEqual(["a", "b", "c"]);
    exit("a");
    await settled();
    expect(log).toEqual(["a", "b", "c", "d"]);
  });

  it("never have the same id twice, also while it waits", async () => {
    const { log, enter, exit } = create();
    for (const id of ["a", "a", "b", "c", "c"]) enter(id);
    await settled();
    expect(log.toSorted()).toEqual(["a", "a conflict", "b", "c conflict"]);
    exit("a");
    exit("b");
    await settled();
    enter("a");
    await settled();
    expect(log.slice(4).toSorted()).toEqual(["a", "c"]);
  });

  it("that are over at once never wait, and leave their places free", async () => {
    const { slots } = create();
    for (let n = 0; n < 10; n++) expect(slots.run("a", () => undefined)).toBeUndefined();
    const fail = (): undefined => {
      throw new TypeError("no");
    };
    for (let n = 0; n < 10; n++) expect(() => slots.run("a", fail)).toThrow(TypeError);
    await slots.onIdle();
  });

  it("may be without an id", async () => {
    const { log, enter } = create();
    for (let n = 0; n < 3; n++) enter(undefined);
    await settled();
    expect(log).toEqual(["undefined", "undefined"]);
  });

  it("are waited for until none is at work or waiting", async () => {
    const { slots, enter, exit } = create();
    for (const id of ["a", "b", "c"]) enter(id);
    let isIdle = false;
    void slots.onIdle().then(() => (isIdle = true));
    for (const id of ["a", "b"]) exit(id);
    await settled();
    expect(isIdle).toBe(false);
    exit("c");
    await settled();
    expect(isIdle).toBe(true);
  });
});
