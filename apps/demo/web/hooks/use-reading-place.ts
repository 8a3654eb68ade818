import type { RefObject } from "react";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import type { Entry } from "../chat/use-room-messages.ts";

const NEAR_END_PX = 48;
const NEAR_TOP_PX = 240;

interface ReadingPlaceOptions {
  readonly entries: readonly Entry[];
  readonly selfId: string;
  /** The reader has come close to the oldest message. */
  readonly onTop: () => unknown;
}

export interface ReadingPlace {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  /** Others' messages that came while the reader was further up. */
  readonly newCount: number;
  readonly toEnd: () => void;
}

/** The end of the list, or a message and how far it stands below the upper edge. */
type Place = "end" | { readonly id: string; readonly top: number };

/**
 * Keeps a list of messages where its reader is: at the end with the newest one, or further up with the message at the upper
 * edge, whatever is added, replaced or resized, and while the list was hidden. By hand, because browsers differ in what they
 * anchor.
 */
export function useReadingPlace({ entries, selfId, onTop }: ReadingPlaceOptions): ReadingPlace {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const place = useRef<Place>("end");
  const lastId = useRef<string>(undefined);
  /** The newest message when the reader left the end. */
  const [readId, setReadId] = useState<string>();
  const [isAtEnd, setAtEnd] = useState(true);
  const last = entries.at(-1);

  const toEnd = () => {
    place.current = "end";
    setAtEnd(true);
    if (scroller.current) moveTo(scroller.current, "end");
  };
  const keep = () => {
    if (scroller.current) moveTo(scroller.current, place.current);
  };

  useLayoutEffect(() => {
    const isNew = last?.id !== lastId.current;
    lastId.current = last?.id;
    // A user who sends wants to see the message, wherever the user was reading.
    if (isNew && last?.status === "sending") toEnd();
    else keep();
  }, [entries, last]);

  const onScroll = useEffectEvent(() => {
    const element = scroller.current;
    if (!element) return;
    place.current = placeIn(element);
    const isEnd = place.current === "end";
    if (isEnd !== isAtEnd) setReadId(last?.id);
    setAtEnd(isEnd);
    if (element.scrollTop < NEAR_TOP_PX) onTop();
  });
  const onResize = useEffectEvent(() => {
    keep();
    const element = scroller.current;
    // A page that does not fill the window cannot be scrolled, so it asks for more by itself.
    if (element && element.scrollHeight <= element.clientHeight) onTop();
  });

  useEffect(() => {
    const element = scroller.current;
    if (!element || !content.current) return;
    const observer = new ResizeObserver(() => onResize());
    observer.observe(element);
    observer.observe(content.current);
    const listener = () => onScroll();
    element.addEventListener("scroll", listener, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", listener);
    };
  }, []);

  const newCount = isAtEnd ? 0 : countNew(entries, readId, selfId);
  return { scroller, content, isAtEnd, newCount, toEnd };
}

function placeIn(element: HTMLElement): Place {
  if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX) return "end";
  const edge = element.getBoundingClientRect().top;
  for (const item of element.querySelectorAll<HTMLElement>("[data-id]")) {
    const { top, bottom } = item.getBoundingClientRect();
    if (bottom > edge) return { id: item.dataset["id"] ?? "", top: top - edge };
  }
  return "end";
}

/** Scrolls the list to a place. The list keeps its position where the message of the place is not in it any more. */
function moveTo(element: HTMLElement, place: Place): void {
  if (place === "end") {
    element.scrollTop = element.scrollHeight;
    return;
  }
  const item = element.querySelector(`[data-id="${CSS.escape(place.id)}"]`);
  if (!item) return;
  const top = item.getBoundingClientRect().top - element.getBoundingClientRect().top;
  element.scrollTop += top - place.top;
}

function countNew(entries: readonly Entry[], readId: string | undefined, selfId: string): number {
  const read = entries.findLastIndex(({ id }) => id === readId);
  if (read < 0) return 0;
  return entries
    .slice(read + 1)
    .filter((entry) => entry.status === "delivered" && entry.message.from.userId !== selfId).length;
}
