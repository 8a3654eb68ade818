// Validates what a client sends against the contract, within bounds of work.
// Called for messages, requests, presence states, and answers to the server's own requests.
import type { Schema, Validation } from "@halyard/protocol";
import { validate } from "@halyard/protocol";

/** About 70 ms of work (2026-11); without a bound, 64 KiB of wrong items of a union of ten objects take a second. */
const MAX_NESTED_ISSUES = 100_000;

/** Like `validate`, except that a value with very many mistakes within unions is refused before they are all described. */
export function validateInput(schema: Schema, value: unknown): Validation | Promise<Validation> {
  return validate(schema, value, MAX_NESTED_ISSUES);
}
