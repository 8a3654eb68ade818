import type { ConnectionState } from "./connection-state.ts";

/** Tells the console once why there is no connection, unless there has been one: the mistake would be silent. */
export function firstWarning(): (state: ConnectionState) => void {
  let warns = true;
  return ({ cause, status }) => {
    // While the client waits, the cause may still become more exact.
    if (status !== "open" && (status === "waiting" || !cause || /^(local|offline)$/.test(cause.kind))) return;
    // eslint-disable-next-line no-console -- for the developer of a page; nothing else shows it
    if (cause && warns) console.warn("[halyard]", cause.message, cause);
    warns = false;
  };
}
