import { memo } from "react";
import type { Group } from "../chat/group-entries.ts";
import type { RoomSession } from "../chat/room-session.ts";
import type { Entry } from "../chat/timeline.ts";
import { formatTime, formatWhole } from "../lib/format-time.ts";
import { Avatar } from "./avatar.tsx";
import { MessageStatus } from "./message-status.tsx";

interface MessageGroupProps {
  readonly group: Group;
  readonly room: RoomSession;
  readonly isOwn: boolean;
}

export function MessageGroup({ group, room, isOwn }: MessageGroupProps) {
  const [first] = group.entries;
  return (
    <li className="group" data-own={isOwn || undefined}>
      <Avatar userId={first.from.userId} name={first.from.name} />
      <div className="group-body">
        <h3 className="group-head">
          <span className="author">{first.from.name}</span>
          {isOwn && <span className="you">you</span>}
          <time dateTime={first.sentAt} title={formatWhole(first.sentAt)}>
            {formatTime(first.sentAt)}
          </time>
        </h3>
        <ol>
          {group.entries.map((entry) => (
            <Message key={entry.id} entry={entry} room={room} isOwn={isOwn} />
          ))}
        </ol>
      </div>
    </li>
  );
}

interface MessageProps {
  readonly entry: Entry;
  readonly room: RoomSession;
  readonly isOwn: boolean;
}

/** An entry keeps its identity until it changes, so that a new message draws one line and not the whole room. */
const Message = memo(function Message({ entry, room, isOwn }: MessageProps) {
  return (
    <li className="message" data-testid="message" data-id={entry.id} data-status={entry.status}>
      <p className="content" title={formatTime(entry.sentAt)}>
        {entry.content}
      </p>
      {isOwn && <MessageStatus entry={entry} room={room} />}
    </li>
  );
});
