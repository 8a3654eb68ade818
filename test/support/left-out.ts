// Tests that a machine does not allow. They are not passed: `scripts/summary.ts` counts them, and says why.
import type { TestContext } from "vitest";

declare module "vitest" {
  interface TaskMeta {
    /** Why this machine cannot run the test. */
    leftOut?: string;
  }
}

/** Ends the test without a result. */
export function leaveOut({ task, skip }: TestContext, reason: string): never {
  task.meta.leftOut = reason;
  return skip(reason);
}
