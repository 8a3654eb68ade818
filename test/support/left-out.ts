// Marks a test that this machine cannot run. `scripts/summary.ts` counts such tests apart, with their reasons.
import type { TestContext } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** Why this machine cannot run the test. */
    leftOut?: string;
  }
}

/** Ends the test as left out. @param reason why this machine cannot run it */
export function leaveOut({ task, skip }: TestContext, reason: string): never {
  task.meta.leftOut = reason;
  return skip(reason);
}
