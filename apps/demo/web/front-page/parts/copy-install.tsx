import { useState } from "react";
import { IconButton } from "../../components/icon-button.tsx";

/** Copies the install command of the static top. If the browser forbids it, the command is selected for a copy by keyboard. */
export function CopyInstall() {
  const [outcome, setOutcome] = useState<"Copied" | "Selected">();
  const copy = () => {
    const line = document.querySelector("#install");
    navigator.clipboard.writeText(line?.textContent ?? "").then(
      () => setOutcome("Copied"),
      () => {
        if (line) getSelection()?.selectAllChildren(line);
        setOutcome("Selected");
      },
    );
  };
  return (
    <>
      <IconButton
        icon={outcome === "Copied" ? "check" : "copy"}
        label="Copy the install line"
        title="Copy"
        onClick={copy}
        data-testid="copy-install"
      />
      <span className="sr-only" role="status">
        {outcome}
      </span>
    </>
  );
}
