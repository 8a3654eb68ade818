import { useState } from "react";
import { KICKED } from "../../shared/constants.ts";
import { useClient, useConnection } from "../chat/halyard.ts";
import { Dialog } from "./dialog.tsx";

/** Tells a user that an admin has closed the connection, with a button to reconnect. */
export function KickedDialog() {
  const client = useClient();
  const state = useConnection();
  const [dismissed, dismiss] = useState<typeof state>();
  const isKicked = state.status === "authRequired" && state.cause.reason === KICKED;
  if (!isKicked || state === dismissed) return null;
  return (
    <Dialog title="You were disconnected" kind="card" onClose={() => dismiss(state)}>
      <div className="dialog-form" data-testid="kicked">
        <p>An admin has closed your connection. You are still signed in and can reconnect.</p>
        <div className="dialog-actions">
          <button type="button" className="button primary" data-first onClick={client.reconnect}>
            Reconnect
          </button>
        </div>
      </div>
    </Dialog>
  );
}
