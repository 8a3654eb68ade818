import type { ConnectionState } from "./connection-state.ts";

/** Warns once on the console why there is no connection, unless there has been one, because a mistake would otherwise be silent. */
export function firstWarning(): (state: ConnectionState) => void {
  let warns = true;
  return ({ cause, status }) => {
    // The cause may still become more exact while the client waits.
    if (status !== "open" && (status === "waiting" || !cause || /^(local|offline)$/.test(cause.kind))) return;
    // eslint-disable-next-line no-console -- for the developer of a page, who would not see it anywhere else
    if (cause && warns) console.warn("[halyard]", cause.message, cause);
    warns = false;
  };
}
