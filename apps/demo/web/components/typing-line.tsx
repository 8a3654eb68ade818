import type { PublicUser } from "@halyard/protocol";
import { typingText } from "../chat/typing-text.ts";

/** The users who type. The line keeps its height while no user types, so that the layout does not move. */
export function TypingLine({ users }: { readonly users: readonly PublicUser[] }) {
  return (
    <div className="typing-line">
      <p className="typing" data-testid="typing" data-active={users.length > 0 || undefined}>
        <span className="typing-dots" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        <span className="typing-text" dir="auto">
          {typingText(users.map(({ name }) => name))}
        </span>
      </p>
      <p className="keys">
        <kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> starts a new line
      </p>
    </div>
  );
}
