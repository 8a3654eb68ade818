import { HalyardError } from "@halyard/protocol/wire";

/** A call that Redis has certainly not got. Thrown by calls.ts. */
export class NotSentError extends HalyardError {
  constructor(cause: unknown) {
    super("unavailable", undefined, { cause });
  }
}
