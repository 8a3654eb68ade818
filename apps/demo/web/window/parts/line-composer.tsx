import type { SubmitEvent } from "react";
import { useState } from "react";
import { MAX_LINE_LENGTH } from "../../../shared/visit.ts";
import { Icon } from "../../components/icon.tsx";

interface LineComposerProps {
  readonly onWrite: (text: string) => void;
  readonly onInput: () => void;
}

/** Writes a line, also while there is no connection. */
export function LineComposer({ onWrite, onInput }: LineComposerProps) {
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
        placeholder="Write to Grace"
        autoComplete="off"
        maxLength={MAX_LINE_LENGTH}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          onInput();
        }}
        data-testid="line-composer"
      />
      <button type="submit" className="button primary" aria-label="Send">
        <Icon name="send" />
      </button>
    </form>
  );
}
