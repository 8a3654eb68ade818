import { describe, expect, it } from "vitest";
import { ConcurrencyLimiter } from "./concurrency-limiter.ts";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Scene {
  readonly limiter: ConcurrencyLimiter;
  /** The ids of requests that started, and the id and error code of each that was rejected. */
  readonly log: string[];
  readonly start: (id: string | undefined) => void;
  readonly finish: (id: string) => void;
}

function create(): Scene {
  const limiter = new ConcurrencyLimiter({ runningRequests: 2, waitingRequests: 3 });
  const log: string[] = [];
  const finishers = new Map<string, () => void>();
  const start = (id: string | undefined): void => {
    const running = async (): Promise<void> =>
      limiter.run(id, () => {
        log.push(String(id));
        return new Promise((resolve) => finishers.set(String(id), resolve));
      });
    running().catch((error: unknown) => log.push(`${String(id)} ${(error as { code: string }).code}`));
  };
  return { limiter, log, start, finish: (id) => finishers.get(id)?.() };
}

describe("ConcurrencyLimiter", () => {
  it("runs and queues as many requests as its limits allow, and rejects one more with limit_exceeded", async () => {
    const { log, start } = create();
    for (const id of ["a", "b", "c", "d", "e", "f"]) start(id);
    await settled();
    expect(log).toEqual(["a", "b", "f limit_exceeded"]);
  });

  it("starts queued requests in the order in which they arrived", async () => {
    const { log, start, finish } = create();
    for (const id of ["a", "b", "c", "d"]) start(id);
    finish("b");
    await settled();
    expect(log).toEqual(["a", "b", "c"]);
    finish("a");
    await settled();
    expect(log).toEqual(["a", "b", "c", "d"]);
  });

  it("rejects a second request with an id that is running or queued with conflict", async () => {
    const { log, start, finish } = create();
    for (const id of ["a", "a", "b", "c", "c"]) start(id);
    await settled();
    expect(log.toSorted()).toEqual(["a", "a conflict", "b", "c conflict"]);
    finish("a");
    finish("b");
    await settled();
    start("a");
    await settled();
    expect(log.slice(4).toSorted()).toEqual(["a", "c"]);
  });

  it("runs requests that end at once without queueing, and frees their limiter", async () => {
    const { limiter } = create();
    for (let n = 0; n < 10; n++) expect(limiter.run("a", () => undefined)).toBeUndefined();
    const fail = (): undefined => {
      throw new TypeError("no");
    };
    for (let n = 0; n < 10; n++) expect(() => limiter.run("a", fail)).toThrow(TypeError);
    await limiter.onIdle();
  });

  it("accepts requests without an id", async () => {
    const { log, start } = create();
    for (let n = 0; n < 3; n++) start(undefined);
    await settled();
    expect(log).toEqual(["undefined", "undefined"]);
  });

  it("is idle once no request is running or queued", async () => {
    const { limiter, start, finish } = create();
    for (const id of ["a", "b", "c"]) start(id);
    let isIdle = false;
    void limiter.onIdle().then(() => (isIdle = true));
    for (const id of ["a", "b"]) finish(id);
    await settled();
    expect(isIdle).toBe(false);
    finish("c");
    await settled();
    expect(isIdle).toBe(true);
  });
});
