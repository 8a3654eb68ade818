import { afterEach, describe, expect, it } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { TestSystem } from "../../test/test-system.ts";
import { createMemoryBackplane } from "../memory/memory-backplane.ts";

let system: TestSystem;
afterEach(() => system.expectToEndCleanly());

/** A system whose backplane does not answer this call until `answer` is called. */
function createSlow(slow: "admit" | "applyPresence") {
  const clock = new FakeClock();
  const memory = createMemoryBackplane({ clock });
  const gate = { wait: Promise.resolve() };
  const call = memory[slow].bind(memory) as (request: never) => unknown;
  const backplane = Object.assign(memory, {
    [slow]: async (request: never) => {
      await gate.wait;
      return call(request);
    },
  });
  system = new TestSystem({ clock, backplane, maxConnectionsPerUser: 1 });
  return {
    /** @returns lets the calls go on */
    hold: () => {
      let answer = (): void => {};
      gate.wait = new Promise((resolve) => (answer = resolve));
      return answer;
    },
  };
}

function rename(ws: FakeSocket, name: string): void {
  const user = { id: "ada", name };
  system.internals.connections.of(ws)?.replace({ user, session: {} });
}

const names = async (): Promise<unknown[]> =>
  (await system.manager.listUsers()).users.map(({ name }) => name);

describe("a connection whose identity is replaced", () => {
  it("takes no slot before it is admitted", async () => {
    const { hold } = createSlow("admit");
    const first = await system.open("ada", { name: "Ada" });
    const answer = hold();
    const second = system.begin("ada", { name: "Ada" });
    rename(second, "Not yet");
    await system.clock.settle();
    expect(await names()).toEqual(["Ada"]);
    answer();
    await system.clock.settle();
    expect([first.closedWith?.code, second.closedWith?.code]).toEqual([undefined, 4011]);
  });

  it("shows the new one where it was being declared with the old one", async () => {
    const { hold } = createSlow("applyPresence");
    const answer = hold();
    const ws = system.begin("ada", { name: "Ada" });
    await system.clock.settle();
    rename(ws, "Ada the Second");
    answer();
    await system.clock.settle();
    expect(await names()).toEqual(["Ada the Second"]);
  });
});
