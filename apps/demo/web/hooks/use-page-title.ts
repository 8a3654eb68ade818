import { useEffect } from "react";
import { useChat } from "../chat/chat-context.ts";
import { useStore } from "./use-store.ts";

/** "(3) #general · Halyard": what waits can be seen from another tab. */
export function usePageTitle(room: string | undefined): void {
  const unread = useStore(useChat().unread);
  useEffect(() => {
    const place = room === undefined ? "Halyard" : `#${room} · Halyard`;
    document.title = unread > 0 ? `(${unread}) ${place}` : place;
  }, [room, unread]);
}
