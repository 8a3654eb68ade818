// Runs the application's middleware around a handler, each inside the one before.
// Called by HandlerRunner for messages and by RequestDispatcher for requests, where `handlers.use` has added some.
// Guarantees: the handler runs once at most; a failure of the handler is the failure of the call, whatever middleware makes of it;
// no promise that middleware does not await is left without a handler for its rejection.
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
  /** What the handler gets: after its schema, its role and its room were checked. */
  readonly input: TInput;
}

/** What middleware reads. `kind` and `type` narrow `input`. */
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

/** Middleware with its types erased. */
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
  // The result of the call is the same promise.
}
