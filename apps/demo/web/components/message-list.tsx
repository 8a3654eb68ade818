import { useMemo } from "react";
import type { Account } from "../chat/account.ts";
import { groupEntries } from "../chat/group-entries.ts";
import type { RoomMessages } from "../chat/use-room-messages.ts";
import { useRoles } from "../chat/use-roles.ts";
import { useReadingPlace } from "../hooks/use-reading-place.ts";
import { formatDay } from "../lib/format-time.ts";
import { Icon } from "./icon.tsx";
import { MessageGroup } from "./message-group.tsx";

interface MessageListProps {
  readonly name: string;
  readonly account: Account;
  readonly messages: RoomMessages;
}

export function MessageList({ name, account, messages }: MessageListProps) {
  const { entries, status, older, retry, discard } = messages;
  const place = useReadingPlace({
    entries,
    selfId: account.userId,
    onTop: () => older.status === "more" && older.load(),
  });
  const days = useMemo(() => groupEntries(entries, account), [entries, account]);
  const roles = useRoles(days.flatMap(({ groups }) => groups.map(({ from }) => from.userId)));
  const isEmpty = status === "success" && entries.length === 0;
  return (
    <div className="messages-frame">
      {/* A region that scrolls must be reachable by keyboard. */}
      <div
        className="messages"
        ref={place.scroller}
        tabIndex={0}
        role="region"
        aria-label={`Messages in ${name}`}
        aria-busy={status === "pending"}
      >
        <div className="messages-content" ref={place.content} data-testid="messages">
          {status === "error" && <HistoryFailed onRetry={messages.reload} />}
          {status === "pending" && entries.length === 0 && <p className="history-note">Loading messages…</p>}
          {status === "success" && !isEmpty && <OlderMessages name={name} older={older} />}
          {isEmpty && <RoomEmpty name={name} />}
          {days.map((day) => (
            <section key={day.key} className="day">
              <h2 className="day-divider">
                <span>{formatDay(day.date)}</span>
              </h2>
              <ol>
                {day.groups.map((group) => (
                  <MessageGroup
                    key={group.key}
                    group={group}
                    role={roles.get(group.from.userId)}
                    isOwn={group.from.userId === account.userId}
                    actions={{ retry, discard }}
                  />
                ))}
              </ol>
            </section>
          ))}
        </div>
      </div>
      {!place.isAtEnd && (
        <button type="button" className="new-pill" onClick={place.toEnd} data-testid="new-messages">
          {newText(place.newCount)}
          <Icon name="arrowDown" />
        </button>
      )}
    </div>
  );
}

function newText(count: number): string {
  if (count === 0) return "Newest messages";
  return count === 1 ? "1 new message" : `${count} new messages`;
}

function HistoryFailed({ onRetry }: { readonly onRetry: () => void }) {
  return (
    <p className="history-note">
      Messages could not be loaded.{" "}
      <button type="button" className="link-button" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}

interface OlderMessagesProps {
  readonly name: string;
  readonly older: RoomMessages["older"];
}

/** The text above the oldest message. Its line has the same height in every state, so that no message moves. */
function OlderMessages({ name, older }: OlderMessagesProps) {
  if (older.status === "error") return <HistoryFailed onRetry={older.load} />;
  const text = older.status === "end" ? `This is where #${name} begins.` : "Loading older messages…";
  return <p className="history-note">{text}</p>;
}

function RoomEmpty({ name }: { readonly name: string }) {
  return (
    <div className="room-quiet" data-testid="empty-room">
      <span className="room-quiet-mark">
        <Icon name="hash" />
      </span>
      <h2>No messages in #{name} yet</h2>
      <p>The first message appears here.</p>
    </div>
  );
}
