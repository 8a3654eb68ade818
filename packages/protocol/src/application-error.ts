// Application errors, with the codes and the data of a contract: created on the server, recognised on the client.
// A handler throws the result of `applicationError`. Guarantee: data that does not fit the contract fails where it is thrown.
import { isPromise } from "./utils/is-promise.ts";
import type { AnyProtocol } from "./definition.ts";
import type { ErrorOf } from "./error-of.ts";
import type { ErrorCode } from "./errors.ts";
import { HalyardError } from "./errors.ts";
import { validate } from "./validation/validate.ts";

const MAX_DATA_BYTES = 512;

type CodeOf<TProtocol extends AnyProtocol> = keyof TProtocol["errors"] & string;
type DataOf<
  TProtocol extends AnyProtocol,
  TCode extends CodeOf<TProtocol>,
> = TProtocol["errors"][TCode]["_zod"]["output"];
/** The data, which may be omitted if it may be undefined, and the message. */
export type ErrorArguments<TData> = undefined extends TData
  ? [data?: TData, message?: string]
  : [data: TData, message?: string];

/**
 * Creates an error of the contract, for a handler, middleware or hook to throw. The sender gets its code, data and
 * message. It is not retryable, so the client does not retry by itself.
 *
 * @param code a code of `errors` in the contract, then its data, at most 512 bytes as JSON, and its message, which is the code in
 * words by default. All three are sent, so they must not contain secrets
 * @throws TypeError for data that does not fit its schema or is too large
 * @example
 * if (left < amount) throw applicationError(protocol, "out_of_stock", { left });
 */
export function applicationError<TProtocol extends AnyProtocol, TCode extends CodeOf<TProtocol>>(
  protocol: TProtocol,
  code: TCode,
  ...[data, message]: ErrorArguments<DataOf<TProtocol, TCode>>
): Extract<ErrorOf<TProtocol>, { readonly code: TCode }> {
  const { errors }: AnyProtocol = protocol;
  const schema = Object.hasOwn(errors, code) ? errors[code] : undefined;
  if (schema === undefined) throw new TypeError(`${code} is not among the errors of the contract`);
  const checked = validate(schema, data);
  if (isPromise(checked)) throw new TypeError(`${code}: the schema of an error answers at once`);
  if (!checked.ok) {
    const issues = checked.issues.map(({ path, message: text }) => `${path} ${text}`.trim());
    throw new TypeError(`the data of ${code} does not fit its schema: ${issues.join("; ")}`);
  }
  const { value } = checked;
  if (value !== undefined && new TextEncoder().encode(JSON.stringify(value)).length > MAX_DATA_BYTES)
    throw new TypeError(`the data of ${code} is larger than ${String(MAX_DATA_BYTES)} bytes`);
  // The class knows Halyard's own codes; `ErrorOf` knows those of the contract.
  const error: unknown = new HalyardError(code as unknown as ErrorCode, message, { data: value });
  return error as Extract<ErrorOf<TProtocol>, { readonly code: TCode }>;
}
