// Runs the application's middleware around a handler, each one inside the previous one.
// Called by HandlerRunner for messages and by RequestDispatcher for requests, where `handlers.use` has added some.
// Guarantees: the handler runs at most once; a failure of the handler is the failure of the call, even if middleware catches it;
// a promise that middleware does not await never causes an unhandled rejection.
import type { AnyProtocol, BuiltinProtocol, ClientMessage, ClientMessages } from "@halyard/protocol";
import type { GuestIdentity, HandlerContext, Identity } from "../types.ts";

/** One message or request on its way to its handler. */
export interface HandlerCall<
  TKind extends "message" | "request",
  TType,
  TInput,
  TIdentity extends Identity,
  TData extends object,
> extends HandlerContext<TIdentity, TData> {
  readonly kind: TKind;
  /** The type of the message, or the name of the request. */
  readonly type: TType;
  /** The handler's input, after the schema, the role and the room have been checked. */
  readonly input: TInput;
}

/** What middleware can read. `kind` and `type` narrow `input`. */
export type MiddlewareContext<
  TProtocol extends AnyProtocol = BuiltinProtocol,
  TIdentity extends Identity = GuestIdentity,
  TData extends object = {},
> =
  | {
      [K in keyof ClientMessages<TProtocol> & string]: HandlerCall<
        "message",
        K,
        ClientMessage<TProtocol, K>,
        TIdentity,
        TData
      >;
    }[keyof ClientMessages<TProtocol> & string]
  | {
      [K in keyof TProtocol["requests"] & string]: HandlerCall<
        "request",
        K,
        TProtocol["requests"][K]["input"]["_zod"]["output"],
        TIdentity,
        TData
      >;
    }[keyof TProtocol["requests"] & string];

/** Middleware without its types. */
export type Middleware = (context: HandlerContext, next: () => Promise<unknown>) => unknown;

/**
 * @param handle calls the handler
 * @returns what the handler returned
 * @throws what middleware throws, otherwise what the handler throws; a TypeError for middleware that misuses `next`
 */
export async function runThrough(
  middleware: readonly Middleware[],
  context: HandlerContext,
  handle: () => unknown,
): Promise<unknown> {
  const [first, ...others] = middleware;
  if (first === undefined) return handle();
  let rest: Promise<unknown> | undefined;
  let isOver = false;
  const next = (): Promise<unknown> => {
    if (rest !== undefined) throw new TypeError("middleware called next() twice");
    if (isOver) throw new TypeError("middleware called next() after it had returned: await next()");
    rest = runThrough(others, context, handle);
    rest.catch(ignore);
    return rest;
  };
  await first(context, next);
  isOver = true;
  if (rest === undefined)
    throw new TypeError("middleware returned without next(): throw a HalyardError to refuse");
  return rest;
}

function ignore(): void {
  // The caller awaits the same promise and gets its rejection.
}
