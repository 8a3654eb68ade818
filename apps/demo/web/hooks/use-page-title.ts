import { useEffect } from "react";

/** "(3) #general · Halyard": unread messages show in the title of a background tab. */
export function usePageTitle(title: string, unread: number): void {
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${title} · Halyard`;
    return () => {
      document.title = "Halyard";
    };
  }, [title, unread]);
}
