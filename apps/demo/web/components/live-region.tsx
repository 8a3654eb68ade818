import { useChat } from "../chat/chat-context.ts";
import { useStore } from "../hooks/use-store.ts";

/** Announces new messages to screen readers. As a live region, the message list itself would announce its history too. */
export function LiveRegion() {
  const latest = useStore(useChat().latestMessage);
  return (
    <p className="sr-only" aria-live="polite" data-testid="live-region">
      {latest && `${latest.message.from.name} in ${latest.room}: ${latest.message.content}`}
    </p>
  );
}
