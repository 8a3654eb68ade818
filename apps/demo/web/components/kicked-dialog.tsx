import { useChat } from "../chat/chat-context.ts";
import { useStore } from "../hooks/use-store.ts";
import { Dialog } from "./dialog.tsx";

/** What has happened to a user whom an admin has kicked, and the way back. */
export function KickedDialog() {
  const chat = useChat();
  const isKicked = useStore(chat.isKicked);
  const { status } = useStore(chat.connection);
  if (!isKicked || status !== "authRequired") return null;
  return (
    <Dialog title="You were disconnected" kind="card" onClose={() => chat.isKicked.set(false)}>
      <div className="dialog-form" data-testid="kicked">
        <p>An admin has closed your connection. You are still signed in and may come back when you like.</p>
        <div className="dialog-actions">
          <button type="button" className="button primary" data-first onClick={() => chat.reconnect()}>
            Come back
          </button>
        </div>
      </div>
    </Dialog>
  );
}
