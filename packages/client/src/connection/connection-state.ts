import type { PublicUser } from "@halyard/protocol";

export type AuthRequiredReason = "unauthenticated" | "forbidden";

/** Where the connection stands. */
export type ConnectionState =
  /** A socket is being opened, or waits for its welcome. `attempt` counts the tries in a row, from 1. */
  | { readonly status: "connecting"; readonly attempt: number }
  /** Welcomed: everything works. */
  | { readonly status: "open"; readonly user: PublicUser }
  /** The next try begins at `retryAt`, in milliseconds since the epoch, or earlier when the page wakes up. */
  | { readonly status: "waiting"; readonly attempt: number; readonly retryAt: number }
  /** The server refused the credentials. Nothing is tried until `authenticate()` or `reconnect()` is called. */
  | { readonly status: "authRequired"; readonly reason: AuthRequiredReason }
  /** Not connected and not trying: before `connect()`, after `close()`, or the server said stop. */
  | { readonly status: "closed"; readonly code: number; readonly reason: string };

/** What happened: a new beginning, or what the connection has come to by itself. */
export type ConnectionEvent = { readonly status: "started" } | ConnectionState;

/**
 * The state after an event. An end is left by a new beginning only, since everything else that comes then is late; but
 * closing for good also ends the wait for a sign-in. The same object when nothing has changed.
 */
export function reduceConnection(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  if (event.status === "started") return { status: "connecting", attempt: 1 };
  const isLate = state.status === "closed" || (state.status === "authRequired" && event.status !== "closed");
  return isLate || JSON.stringify(state) === JSON.stringify(event) ? state : event;
}
