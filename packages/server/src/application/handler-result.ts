// Checks what the application's handlers return (results of sends, replies to requests) against the schemas of the contract.
// Called by HandlerRunner and RequestDispatcher.
// Guarantee: a value that does not fit its schema is an error of the server: it is reported and never sent.
import type { Validation } from "@halyard/protocol";
import { describeIssues } from "../utils/errors.ts";
import { jsonBytes } from "../utils/text.ts";

/** The record of a client keeps the results of 32 sends: at most as many bytes in total as it keeps of replies to requests. */
const MAX_RESULT_BYTES = 8 * 1024;

/** @throws TypeError for a value that does not fit its schema */
export function checkedReply(name: string, validation: Validation): unknown {
  if (validation.ok) return validation.value;
  const text = `the reply to ${name} does not fit its schema: ${describeIssues(validation.issues)}`;
  throw new TypeError(text, { cause: validation.failure?.error });
}

/** @throws TypeError for a value that does not fit its schema or is too large to be kept */
export function checkedResult(type: string, validation: Validation): unknown {
  const result = checkedReply(type, validation);
  if (result !== undefined && jsonBytes(result) > MAX_RESULT_BYTES)
    throw new TypeError(`the result of ${type} is larger than the 8 KiB that are kept of it`);
  return result;
}
