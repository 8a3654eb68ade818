// The entry `@halyard/protocol/internal`: for the packages of Halyard only, no promise.
// Imported by server, client and better-auth for the helpers that more than one of them needs.
// Guarantee: nothing reachable from here imports zod or uses a timer.
export { callSafely, isThenable, traceCaller } from "./errors.ts";
export { isDeeperThan, replaceLoneSurrogates } from "./frames.ts";
export { TOO_MANY_MARKS } from "./limits.ts";
export { callLogger, printable, printableAscii } from "./utils/printable-text.ts";
export { dateOf, serverTime, systemTime } from "./utils/time.ts";
export { TokenBucket } from "./utils/token-bucket.ts";

/** The method of a manager that returns its {@link TestControls}. Copies of the packages share it. */
export const TEST_CONTROLS: unique symbol = Symbol.for("halyard.test-controls.1");

/** What the test network of @halyard/testing does with a manager, beside what every application may do. */
export interface TestControls {
  /** From now on the default logger writes nothing: a test prints what it asks for. */
  silence(): void;
  /** Announces the changes of presence that are collected. @returns whether there were any */
  announcePresence(): boolean;
}
