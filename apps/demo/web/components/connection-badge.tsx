import type { ConnectionState } from "@halyard/client";
import { useState } from "react";
import { useClient, useConnection } from "../chat/halyard.ts";
import { useLineCheck } from "../chat/use-line-check.ts";
import { useNow } from "../hooks/use-now.ts";

/** The state of the connection, as text and colour. */
export function ConnectionBadge() {
  const client = useClient();
  const state = useConnection();
  const isChecking = useLineCheck();
  const [hasFocus, setFocus] = useState(false);
  const now = useNow(state.status === "waiting");
  const canReconnect = state.status !== "open" && state.status !== "connecting";
  const status = isChecking && state.status === "open" ? "checking" : state.status;
  return (
    <div className="connection" data-status={status} data-testid="connection">
      <span className="connection-light" aria-hidden="true" />
      {/* Screen readers announce the state without its countdown. */}
      <span className="sr-only" role="status">
        {TEXTS[status]}
      </span>
      <span aria-hidden="true">{shown(state, now) ?? TEXTS[status]}</span>
      {/* The button stays after the reconnect while it has the focus, so that the Tab key continues from here. */}
      <button
        type="button"
        className="link-button"
        aria-label="Reconnect now"
        aria-disabled={!canReconnect}
        hidden={!canReconnect && !hasFocus}
        onFocus={() => setFocus(true)}
        onBlur={() => setFocus(false)}
        onClick={() => canReconnect && client.reconnect()}
      >
        {state.status === "waiting" ? "Now" : "Reconnect"}
      </button>
    </div>
  );
}

const TEXTS: Readonly<Record<ConnectionState["status"] | "checking", string>> = {
  connecting: "Connecting…",
  open: "Online",
  checking: "Checking…",
  waiting: "Reconnecting",
  authRequired: "Disconnected",
  closed: "Disconnected",
};

function shown(state: ConnectionState, now: number): string | undefined {
  if (state.status !== "waiting") return undefined;
  const seconds = Math.max(1, Math.ceil((state.retryAt - now) / 1000));
  return `Reconnecting in ${seconds} s`;
}
