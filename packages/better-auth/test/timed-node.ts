import { FakeClock } from "../../testing/src/clock/fake-clock.ts";
import { createTestAuth } from "./test-auth.ts";
import type { TestAuth, TestUser } from "./test-auth.ts";
import { TestNode } from "./test-node.ts";

/** A node whose time a test controls, and its Better Auth instance with a user. */
export interface TimedNode {
  readonly test: TestAuth;
  readonly clock: FakeClock;
  readonly node: TestNode;
  readonly ada: TestUser;
  readonly end: () => void;
}

export async function createTimedNode(options?: Parameters<typeof createTestAuth>[0]): Promise<TimedNode> {
  const test = await createTestAuth(options);
  const clock = new FakeClock({ now: Date.now(), random: () => 0.5 });
  const node = new TestNode(test.auth, { clock });
  const end = (): void => {
    node.watch.stop();
    test.close();
  };
  return { test, clock, node, ada: await test.users.signUp("ada"), end };
}
