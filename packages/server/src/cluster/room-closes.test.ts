import { describe, expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";

describe("disconnectRoom", () => {
  it("closes a member also while its rights are checked again, and no other connection", async () => {
    const answers: (() => void)[] = [];
    const system = new TestSystem({
      authorize: () => answers.length === 0 || new Promise((resolve) => answers.push(() => resolve(true))),
    });
    const [ada, bob] = [
      await system.join("ada", { rooms: ["a"] }),
      await system.join("bob", { rooms: ["b"] }),
    ];
    answers.push(() => {});
    await system.manager.reauthorize("ada");
    await system.manager.disconnectRoom("a", { code: 4403 });
    for (const answer of answers.splice(0)) answer();
    await system.clock.settle();
    expect([ada.closedWith?.code, bob.closedWith]).toEqual([4403, undefined]);
    await system.expectToEndCleanly();
  });

  it("closes a connection that is about to enter a room that the server gave, and takes the room back", async () => {
    const system = new TestSystem();
    const opening = system.begin("ada", { protocol: "halyard.v1" });
    await system.manager.join(opening, "a");
    await system.manager.disconnectRoom("a", { code: 4403 });
    await system.clock.settle();
    expect(opening.closedWith?.code).toBe(4403);
    await system.expectToEndCleanly();
  });
});
