import { useChat } from "../chat/chat-context.ts";
import { useStore } from "../hooks/use-store.ts";

/** Reads new messages to those who listen; the list itself would read all of history with them. */
export function LiveRegion() {
  const heard = useStore(useChat().heard);
  return (
    <p className="sr-only" aria-live="polite" data-testid="live-region">
      {heard && `${heard.message.from.name} in ${heard.room}: ${heard.message.content}`}
    </p>
  );
}
