// The entry `@halyard/protocol/internal`: only for the packages of Halyard, without stability guarantees.
// Imported by server, client and better-auth for the helpers that more than one of them needs.
// Guarantee: nothing reachable from here imports zod or uses a timer.
export type { ResumePosition } from "./control-messages.ts";
export { callSafely, isThenable, traceCaller } from "./errors.ts";
export { isDeeperThan, replaceLoneSurrogates } from "./frames.ts";
export { TOO_MANY_MARKS } from "./limits.ts";
export { isPromise } from "./utils/is-promise.ts";
export { callLogger, printable, printableAscii } from "./utils/printable-text.ts";
export { dateOf, serverTime, systemTime } from "./utils/time.ts";
export { TokenBucket } from "./utils/token-bucket.ts";

/** Marks a HalyardError that is nevertheless reported to `onError`. All copies of the packages share this symbol. */
export const IS_FAILURE: unique symbol = Symbol.for("halyard.is-failure.1");

/** The method of a manager that returns its {@link TestControls}. All copies of the packages share this symbol. */
export const TEST_CONTROLS: unique symbol = Symbol.for("halyard.test-controls.1");

/** What the test network of @halyard/testing can do with a manager, in addition to the public API. */
export interface TestControls {
  /** The clock of the system. */
  readonly clock: object;
  /** Silences the default logger, so that a test prints only what it asks for. */
  silence(): void;
  /** Announces the collected presence changes. @returns whether there were any */
  announcePresence(): boolean;
}
