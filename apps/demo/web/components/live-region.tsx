import { useState } from "react";
import { useMessage } from "../chat/halyard.ts";

/** Announces new messages to screen readers. As a live region, the message list itself would announce its history too. */
export function LiveRegion({ userId }: { readonly userId: string }) {
  const [text, setText] = useState("");
  useMessage("chat_message", ({ from, content }, { room }) => {
    if (from.userId !== userId) setText(`${from.name} in ${room ?? ""}: ${content}`);
  });
  return (
    <p className="sr-only" aria-live="polite" data-testid="live-region">
      {text}
    </p>
  );
}
