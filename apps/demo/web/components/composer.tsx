import type { KeyboardEvent } from "react";
import { useEffect, useId, useRef } from "react";
import { MAX_CONTENT_LENGTH } from "../../shared/constants.ts";
import { isVisible } from "../../shared/text.ts";
import { useDraft } from "../hooks/use-draft.ts";
import { Icon } from "./icon.tsx";

interface ComposerProps {
  readonly room: string;
  readonly userId: string;
  readonly onSend: (text: string) => void;
  /** @param isTyping false when the field becomes empty or loses the focus */
  readonly onTyping: (isTyping: boolean) => void;
}

export function Composer({ room, userId, onSend, onTyping }: ComposerProps) {
  const [text, setText] = useDraft(userId, room);
  const input = useRef<HTMLTextAreaElement>(null);
  const problemId = useId();
  const excess = text.trim().length - MAX_CONTENT_LENGTH;
  const canSend = isVisible(text) && excess <= 0;

  useEffect(() => {
    // On a touch screen, the focus would open the keyboard over the messages.
    if (matchMedia("(pointer: fine)").matches) input.current?.focus();
  }, []);

  const send = () => {
    if (!canSend) return;
    onSend(text.trim());
    setText("");
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <>
      <form
        className="composer"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <textarea
          ref={input}
          rows={1}
          dir="auto"
          value={text}
          placeholder={`Message #${room}`}
          aria-label={`Message #${room}`}
          aria-invalid={excess > 0}
          aria-describedby={problemId}
          enterKeyHint="send"
          data-testid="composer"
          onKeyDown={onKeyDown}
          onBlur={() => onTyping(false)}
          onChange={({ target }) => {
            setText(target.value);
            onTyping(isVisible(target.value));
          }}
        />
        <button type="submit" className="send" aria-label="Send" aria-disabled={!canSend} data-testid="send">
          <Icon name="send" />
        </button>
      </form>
      <p className="form-problem" role="alert" id={problemId} data-testid="composer-problem">
        {excess > 0 &&
          `A message has at most ${MAX_CONTENT_LENGTH.toLocaleString()} characters: ${excess.toLocaleString()} too many.`}
      </p>
    </>
  );
}
