import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";
import { createWebSocketSystem } from "../system.ts";

/** A backplane whose store is never reached: starting ends with it. */
function createUnreached(error: Error) {
  const memory = createMemoryBackplane();
  let fail: (reason: Error) => void = () => {};
  const starting = new Promise<void>((_, reject) => (fail = reject));
  const stop = (): Promise<void> => {
    fail(error);
    return memory.stop();
  };
  const own = { kind: "unreached", start: () => starting, stop };
  return { backplane: Object.assign(Object.create(memory) as typeof memory, own), fail };
}

it("a system that is closed before it has reached its store reports no error for that", async () => {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const { backplane } = createUnreached(new Error("the backplane has stopped"));
  await createWebSocketSystem({ backplane, onError }).manager.close();
  await nextTurn();
  expect(errors).toEqual([]);
});

it("a store that cannot be used with these settings is reported", async () => {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const { backplane, fail } = createUnreached(new Error("stopped"));
  const { manager } = createWebSocketSystem({ backplane, onError });
  const refused = new TypeError("another partition count");
  fail(refused);
  await nextTurn();
  await manager.close();
  expect(errors).toEqual([refused]);
});
