import type { PublicUser } from "@halyard/protocol";
import { isEqual } from "../common/is-equal.ts";
import type { ConnectionCause } from "./connection-cause.ts";

/** Why the server rejected the credentials. */
export type AuthRequiredReason = "unauthenticated" | "forbidden";

/** The state of the client's connection. `cause` says what failed last; it is undefined if nothing has failed. */
export type ConnectionState =
  /** A socket is opening, or is open and waits for the welcome. `attempt` counts consecutive attempts, from 1. */
  | {
      readonly status: "connecting";
      readonly attempt: number;
      readonly cause: ConnectionCause | undefined;
    }
  /** The server has sent its welcome: messages and requests are sent. */
  | { readonly status: "open"; readonly user: PublicUser; readonly cause?: undefined }
  /** The next attempt starts at `retryAt`, in milliseconds since the epoch, or earlier when the page wakes up. */
  | {
      readonly status: "waiting";
      readonly attempt: number;
      readonly retryAt: number;
      readonly cause: ConnectionCause;
    }
  /** The server rejected the credentials. No attempt starts until `authenticate()` or `reconnect()` is called. */
  | { readonly status: "authRequired"; readonly reason: AuthRequiredReason; readonly cause: ConnectionCause }
  /** No attempt starts: before `connect()`, after `close()`, or after a close code that is final. */
  | {
      readonly status: "closed";
      readonly code: number;
      readonly reason: string;
      readonly cause: ConnectionCause;
    };

/** A start, or a state that the connection has reached by itself. */
export type ConnectionEvent = { readonly status: "started" } | ConnectionState;

/**
 * The state after an event. Only a start leaves `closed`, because any other event is then outdated; `authRequired`
 * is also left by closing. Returns the same object if nothing has changed.
 */
export function reduceConnection(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  if (event.status === "started") return { status: "connecting", attempt: 1, cause: undefined };
  const isOutdated =
    state.status === "closed" || (state.status === "authRequired" && event.status !== "closed");
  return isOutdated || isEqual(state, event) ? state : event;
}
