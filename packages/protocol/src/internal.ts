// The entry `@halyard/protocol/internal`: for the packages of Halyard only, no promise.
// Imported by server, client and better-auth for the helpers that more than one of them needs.
// Guarantee: nothing reachable from here imports zod or uses a timer.
export { callSafely, isThenable } from "./errors.ts";
export { printable, printableAscii } from "./printable-text.ts";
export { dateOf, systemTime } from "./time.ts";
export { TokenBucket } from "./token-bucket.ts";
