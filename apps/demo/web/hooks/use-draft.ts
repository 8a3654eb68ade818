import { useState } from "react";
import { readItem, writeItem } from "../lib/browser-storage.ts";

/** The unsent text of a room, which a reload of the tab keeps. */
export function useDraft(userId: string, room: string): [text: string, setText: (text: string) => void] {
  const key = `halyard-demo-draft:${userId}:${room}`;
  const [text, setText] = useState(() => readItem("sessionStorage", key) ?? "");
  const set = (next: string) => {
    writeItem("sessionStorage", key, next);
    setText(next);
  };
  return [text, set];
}
