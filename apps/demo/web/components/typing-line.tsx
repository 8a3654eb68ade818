import { useChat } from "../chat/chat-context.ts";
import type { RoomSession } from "../chat/room-session.ts";
import { typingText } from "../chat/typing.ts";
import { useStore } from "../hooks/use-store.ts";

/** Always as high as one line, so that the layout is stable when a user begins to type. */
export function TypingLine({ room }: { readonly room: RoomSession }) {
  const userIds = useStore(room.typing.userIds);
  const users = useStore(useChat().users);
  const names = userIds.flatMap((userId) => users.find((user) => user.userId === userId)?.name ?? []);
  return (
    <div className="typing-line">
      <p className="typing" data-testid="typing" data-active={names.length > 0 || undefined}>
        <span className="typing-dots" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        <span className="typing-text">{typingText(names)}</span>
      </p>
      <p className="keys">
        <kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> a new line
      </p>
    </div>
  );
}
