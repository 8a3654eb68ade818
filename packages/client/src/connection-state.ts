import type { PublicUser } from "@halyard/protocol";

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

export type AuthRequiredReason = "unauthenticated" | "forbidden";

export type ConnectionEvent =
  | { readonly type: "started" }
  | { readonly type: "attempted"; readonly attempt: number }
  | { readonly type: "welcomed"; readonly user: PublicUser }
  | { readonly type: "delayed"; readonly attempt: number; readonly retryAt: number }
  | { readonly type: "refused"; readonly reason: AuthRequiredReason }
  | { readonly type: "stopped"; readonly code: number; readonly reason: string };

/** The state after an event. Only `started` leaves an end: whatever else comes then comes too late. */
export function reduceConnection(state: ConnectionState, event: ConnectionEvent): ConnectionState {
  if (event.type !== "started" && (state.status === "closed" || state.status === "authRequired")) {
    // Closing for good ends the wait for a sign-in, too.
    if (event.type !== "stopped" || state.status === "closed") return state;
  }
  switch (event.type) {
    case "started":
      return { status: "connecting", attempt: 1 };
    case "attempted":
      return { status: "connecting", attempt: event.attempt };
    case "welcomed":
      return { status: "open", user: event.user };
    case "delayed":
      return { status: "waiting", attempt: event.attempt, retryAt: event.retryAt };
    case "refused":
      return { status: "authRequired", reason: event.reason };
    case "stopped":
      return { status: "closed", code: event.code, reason: event.reason };
  }
}
