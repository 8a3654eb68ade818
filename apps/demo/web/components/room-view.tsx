import { memo, useEffect } from "react";
import type { Account } from "../chat/account.ts";
import { useConnection, useSend, useTyping } from "../chat/halyard.ts";
import type { RoomsAction } from "../chat/read-state.ts";
import type { Entry } from "../chat/use-room-messages.ts";
import { useRoomMessages } from "../chat/use-room-messages.ts";
import { usePageVisible } from "../hooks/use-page-visible.ts";
import { Composer } from "./composer.tsx";
import { MessageList } from "./message-list.tsx";
import { TypingLine } from "./typing-line.tsx";

interface RoomViewProps {
  readonly name: string;
  readonly account: Account;
  readonly unread: number;
  readonly dispatch: (action: RoomsAction) => void;
}

export const RoomView = memo(function RoomView({ name, account, unread, dispatch }: RoomViewProps) {
  const messages = useRoomMessages(name);
  const typing = useTyping(name);
  useReadMark({ name, unread, entries: messages.entries, dispatch });
  return (
    <>
      <MessageList name={name} account={account} messages={messages} />
      <div className="foot">
        <Composer
          room={name}
          userId={account.userId}
          onSend={(content) => void messages.send({ content })}
          onTyping={(isTyping) => (isTyping ? typing.onInput() : typing.stop())}
        />
        <TypingLine users={typing.users} />
      </div>
    </>
  );
});

interface ReadMarkOptions extends Pick<RoomViewProps, "name" | "unread" | "dispatch"> {
  readonly entries: readonly Entry[];
}

/** Marks the messages of a room as read while the room is visible. */
function useReadMark({ name, unread, entries, dispatch }: ReadMarkOptions): void {
  const isSeen = usePageVisible();
  const isOpen = useConnection(({ status }) => status === "open");
  const send = useSend("mark_read", { room: name });
  const newest = entries.findLast(({ status }) => status === "delivered")?.id;
  useEffect(() => {
    if (!isSeen || newest === undefined) return;
    dispatch({ type: "read", room: name, messageId: newest });
    if (isOpen) send({ messageId: newest });
  }, [isSeen, isOpen, newest, unread, name, send, dispatch]);
}
