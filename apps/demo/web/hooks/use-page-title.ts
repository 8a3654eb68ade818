import { useEffect } from "react";
import { useChat } from "../chat/chat-context.ts";
import { useStore } from "./use-store.ts";

/** "(3) #general · Halyard": unread messages show in the title of a background tab. */
export function usePageTitle(room: string | undefined): void {
  const unread = useStore(useChat().unread);
  useEffect(() => {
    const title = room === undefined ? "Halyard" : `#${room} · Halyard`;
    document.title = unread > 0 ? `(${unread}) ${title}` : title;
  }, [room, unread]);
}
