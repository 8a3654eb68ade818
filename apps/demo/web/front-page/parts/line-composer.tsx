import type { SubmitEvent } from "react";
import { useState } from "react";
import { MAX_LINE_LENGTH } from "../../../shared/visit.ts";
import { Icon } from "../../components/icon.tsx";

interface LineComposerProps {
  /** True after a sign-out, when no line can be sent. */
  readonly isDisabled: boolean;
  readonly onWrite: (text: string) => void;
  readonly onInput: () => void;
}

/** The field in which the visitor writes a line, also without a connection. */
export function LineComposer({ isDisabled, onWrite, onInput }: LineComposerProps) {
  const [text, setText] = useState("");
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (!text.trim()) return;
    onWrite(text.trim());
    setText("");
  };
  return (
    <form className="line-composer" onSubmit={submit}>
      <input
        aria-label="Write to Grace"
        placeholder={isDisabled ? "Signed out" : "Write to Grace"}
        disabled={isDisabled}
        autoComplete="off"
        maxLength={MAX_LINE_LENGTH}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          onInput();
        }}
        data-testid="line-composer"
      />
      <button type="submit" className="button primary" aria-label="Send" disabled={isDisabled}>
        <Icon name="send" />
      </button>
    </form>
  );
}
