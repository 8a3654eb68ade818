import type { ConnectionState } from "@halyard/client";
import { useChat } from "../chat/chat-context.ts";
import { useNow } from "../hooks/use-now.ts";
import { useStore } from "../hooks/use-store.ts";

/** The state of the connection, always there, in words and in colour. */
export function ConnectionBadge() {
  const chat = useChat();
  const state = useStore(chat.connection);
  const now = useNow(state.status === "waiting");
  return (
    <div className="connection" data-status={state.status} data-testid="connection">
      <span className="connection-light" aria-hidden="true" />
      {/* Only the kind of state is announced: a countdown read aloud each second would be unbearable. */}
      <span className="sr-only" role="status">
        {spoken(state)}
      </span>
      <span aria-hidden="true">{shown(state, now)}</span>
      {state.status !== "open" && state.status !== "connecting" && (
        <button
          type="button"
          className="link-button"
          aria-label="Reconnect now"
          onClick={() => chat.reconnect()}
        >
          {state.status === "waiting" ? "Now" : "Reconnect"}
        </button>
      )}
    </div>
  );
}

function shown(state: ConnectionState, now: number): string {
  if (state.status !== "waiting") return spoken(state);
  const seconds = Math.max(1, Math.ceil((state.retryAt - now) / 1000));
  return `Reconnecting in ${seconds} s`;
}

function spoken(state: ConnectionState): string {
  switch (state.status) {
    case "connecting":
      return "Connecting…";
    case "open":
      return "Online";
    case "waiting":
      return "Reconnecting";
    case "authRequired":
    case "closed":
      return "Disconnected";
  }
}
