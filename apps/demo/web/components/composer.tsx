import type { KeyboardEvent } from "react";
import { useEffect, useRef } from "react";
import { MAX_CONTENT_LENGTH } from "../../shared/constants.ts";
import type { RoomSession } from "../chat/room-session.ts";
import { useStore } from "../hooks/use-store.ts";
import { Icon } from "./icon.tsx";

export function Composer({ room }: { readonly room: RoomSession }) {
  const text = useStore(room.draft);
  const input = useRef<HTMLTextAreaElement>(null);
  const isEmpty = text.trim() === "";

  useEffect(() => {
    // On a touch screen the focus would pull up the keyboard over the room that one wants to read.
    if (matchMedia("(pointer: fine)").matches) input.current?.focus();
    return () => room.sendTyping(false);
  }, [room]);

  const send = () => {
    if (isEmpty) return;
    room.send(text.trim());
    room.draft.set("");
    input.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter picks a word and is none of our business.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
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
        value={text}
        maxLength={MAX_CONTENT_LENGTH}
        placeholder={`Message #${room.name}`}
        aria-label={`Message #${room.name}`}
        enterKeyHint="send"
        data-testid="composer"
        onKeyDown={onKeyDown}
        onBlur={() => room.sendTyping(false)}
        onChange={({ target }) => {
          room.draft.set(target.value);
          room.sendTyping(target.value.trim() !== "");
        }}
      />
      <button type="submit" className="send" aria-label="Send" aria-disabled={isEmpty} data-testid="send">
        <Icon name="send" />
      </button>
    </form>
  );
}
