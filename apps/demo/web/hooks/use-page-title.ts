import { useEffect } from "react";

/** Sets the title of the page with the number of unread messages: "(3) #general · Halyard". */
export function usePageTitle(title: string, unread: number): void {
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${title} · Halyard`;
    return () => {
      document.title = "Halyard";
    };
  }, [title, unread]);
}
