import { useAnnouncement } from "../chat/use-announcement.ts";
import { Icon } from "./icon.tsx";
import { IconButton } from "./icon-button.tsx";

/** The newest announcement, over the top of the messages, so that no message moves when it appears. */
export function Announcements() {
  const [current, dismiss] = useAnnouncement();
  return (
    <div className="banner-area" aria-live="assertive">
      {current && (
        <div className="banner" key={current.id} data-testid="announcement">
          <Icon name="megaphone" />
          <p dir="auto">
            <strong>Announcement</strong> {current.message}
          </p>
          <IconButton icon="close" label="Dismiss the announcement" onClick={dismiss} />
        </div>
      )}
    </div>
  );
}
