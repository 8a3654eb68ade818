import { memo } from "react";
import type { Group } from "../chat/group-entries.ts";
import { sentAtOf } from "../chat/group-entries.ts";
import type { Entry } from "../chat/use-room-messages.ts";
import type { Role } from "../chat/use-roles.ts";
import { formatTime, formatWhole } from "../lib/format-time.ts";
import { Avatar } from "./avatar.tsx";
import { MessageStatus } from "./message-status.tsx";
import type { FailureActions } from "./message-status.tsx";
import { MessageText } from "./message-text.tsx";
import { RoleMark } from "./role-mark.tsx";

interface MessageGroupProps {
  readonly group: Group;
  readonly role: Role | undefined;
  readonly isOwn: boolean;
  readonly actions: FailureActions;
}

export function MessageGroup({ group, role, isOwn, actions }: MessageGroupProps) {
  const { from, sentAt, entries } = group;
  return (
    <li className="group" data-own={isOwn || undefined}>
      <Avatar userId={from.userId} name={from.name} />
      <div className="group-body">
        <h3 className="group-head">
          <span className="author" dir="auto">
            {from.name}
          </span>
          <RoleMark role={role} isOwn={isOwn} />
          {sentAt !== undefined && (
            <time dateTime={sentAt} title={formatWhole(sentAt)}>
              {formatTime(sentAt)}
            </time>
          )}
        </h3>
        <ol>
          {entries.map((entry) => (
            <Message key={entry.id} entry={entry} isOwn={isOwn} actions={actions} />
          ))}
        </ol>
      </div>
    </li>
  );
}

interface MessageProps {
  readonly entry: Entry;
  readonly isOwn: boolean;
  readonly actions: FailureActions;
}

/** One message. Memoized, because an entry is the same object until it changes, so that a new message renders only itself. */
const Message = memo(
  function Message({ entry, isOwn, actions }: MessageProps) {
    const sentAt = sentAtOf(entry);
    return (
      <li className="message" data-testid="message" data-id={entry.id} data-status={entry.status}>
        <p className="content" title={sentAt && formatTime(sentAt)} dir="auto">
          <MessageText text={entry.message.content} />
        </p>
        {isOwn && <MessageStatus entry={entry} actions={actions} />}
      </li>
    );
  },
  (before, after) => before.entry === after.entry && before.isOwn === after.isOwn,
);
