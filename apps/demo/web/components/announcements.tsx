import { useChat } from "../chat/chat-context.ts";
import { useStore } from "../hooks/use-store.ts";
import { Icon } from "./icon.tsx";

/** The newest announcement. It covers the top of the messages, so that the layout is stable when it appears. */
export function Announcements() {
  const { announcement } = useChat();
  const current = useStore(announcement);
  return (
    <div className="banner-area" aria-live="assertive">
      {current && (
        <div className="banner" key={current.id} data-testid="announcement">
          <Icon name="megaphone" />
          <p>
            <strong>Announcement</strong> {current.message}
          </p>
          <button
            type="button"
            className="icon-button"
            aria-label="Dismiss the announcement"
            onClick={() => announcement.set(undefined)}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}
