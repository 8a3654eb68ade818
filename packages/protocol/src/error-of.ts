// The errors that a client can receive, with the codes of its contract. Exported by the entry without zod.
import type { AnyProtocol } from "./definition.ts";
import { HalyardError } from "./errors.ts";

/** An application error: a `HalyardError` at run time, with a code and data of the contract. */
export interface ApplicationError<TCode extends string, TData> extends Error {
  readonly name: "HalyardError";
  readonly code: TCode;
  readonly data: TData;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
}

/** An application error for each code of the contract. */
export type ApplicationErrorOf<TProtocol extends AnyProtocol> = {
  [K in keyof TProtocol["errors"] & string]: ApplicationError<K, TProtocol["errors"][K]["_zod"]["output"]>;
}[keyof TProtocol["errors"] & string];

/** Every error with which a request of this contract rejects, except the reason of a signal: `code` narrows `data`. */
export type ErrorOf<TProtocol extends AnyProtocol> = HalyardError | ApplicationErrorOf<TProtocol>;

/**
 * Whether a caught error is an error of the contract or of Halyard itself.
 *
 * @example
 * catch (error) {
 *   if (isErrorOf<AppProtocol>(error) && error.code === "out_of_stock") show(error.data.left);
 * }
 */
export function isErrorOf<TProtocol extends AnyProtocol>(error: unknown): error is ErrorOf<TProtocol> {
  return error instanceof HalyardError;
}
