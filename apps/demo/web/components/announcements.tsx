import { useChat } from "../chat/chat-context.ts";
import { useStore } from "../hooks/use-store.ts";
import { Icon } from "./icon.tsx";

/** The newest announcement, over the messages rather than above them: nothing moves when it comes or goes. */
export function Announcements() {
  const { announcement } = useChat();
  const current = useStore(announcement);
  return (
    <div className="banner-place" aria-live="assertive">
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
