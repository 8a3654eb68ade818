import { groupEntries } from "../chat/group-entries.ts";
import { useChat } from "../chat/chat-context.ts";
import type { RoomSession } from "../chat/room-session.ts";
import { useStickyScroll } from "../hooks/use-sticky-scroll.ts";
import { useStore } from "../hooks/use-store.ts";
import { formatDay } from "../lib/format-time.ts";
import { Icon } from "./icon.tsx";
import { MessageGroup } from "./message-group.tsx";

export function MessageList({ room }: { readonly room: RoomSession }) {
  const { self } = useChat();
  const { entries, hasMore, history } = useStore(room.timeline);
  const scroll = useStickyScroll({ entries, selfId: self.userId, onTop: () => void room.loadOlder() });
  const isEmpty = history === "loaded" && entries.length === 0;
  return (
    <div className="messages-frame">
      {/* A region that scrolls must be reachable by keyboard. */}
      <div
        className="messages"
        ref={scroll.scroller}
        tabIndex={0}
        role="region"
        aria-label={`Messages in ${room.name}`}
      >
        <div className="messages-content" ref={scroll.content} data-testid="messages">
          {history === "failed" && <HistoryFailed onRetry={() => void room.open()} />}
          {history !== "failed" && hasMore && <p className="history-note">Loading older messages…</p>}
          {history === "loaded" && !hasMore && !isEmpty && <RoomBeginning name={room.name} />}
          {isEmpty && <RoomEmpty name={room.name} />}
          {groupEntries(entries).map((day) => (
            <section key={day.key} className="day">
              <h2 className="day-divider">
                <span>{formatDay(day.date)}</span>
              </h2>
              <ol>
                {day.groups.map((group) => (
                  <MessageGroup
                    key={group.key}
                    group={group}
                    room={room}
                    isOwn={group.entries[0].from.userId === self.userId}
                  />
                ))}
              </ol>
            </section>
          ))}
        </div>
      </div>
      {scroll.newCount > 0 && (
        <button type="button" className="new-pill" onClick={scroll.toBottom} data-testid="new-messages">
          {scroll.newCount === 1 ? "1 new message" : `${scroll.newCount} new messages`}
          <Icon name="arrowDown" />
        </button>
      )}
    </div>
  );
}

function HistoryFailed({ onRetry }: { readonly onRetry: () => void }) {
  return (
    <p className="history-note">
      Older messages could not be loaded.{" "}
      <button type="button" className="link-button" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}

function RoomBeginning({ name }: { readonly name: string }) {
  return <p className="history-note">This is where #{name} begins.</p>;
}

function RoomEmpty({ name }: { readonly name: string }) {
  return (
    <div className="room-quiet" data-testid="empty-room">
      <span className="room-quiet-mark">
        <Icon name="hash" />
      </span>
      <h2>All quiet in #{name}</h2>
      <p>Nobody has said a word yet. The first one is yours.</p>
    </div>
  );
}
