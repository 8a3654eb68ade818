import { HalyardError } from "@halyard/protocol/wire";

/** The error of a call that Redis has certainly not received. Thrown by calls.ts. */
export class NotSentError extends HalyardError {
  /** What the contract of backplanes calls such an error. */
  readonly hasNoEffect = true;

  constructor(cause: unknown) {
    super("unavailable", undefined, { cause });
  }
}
