import type { RefObject } from "react";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import type { Entry } from "../chat/use-room-messages.ts";

const NEAR_END_PX = 48;
const NEAR_TOP_PX = 240;

interface ReadingPlaceOptions {
  readonly entries: readonly Entry[];
  readonly selfId: string;
  /** Called when the reader comes close to the oldest message. */
  readonly onTop: () => unknown;
}

export interface ReadingPlace {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly isAtEnd: boolean;
  /** The messages of others that arrived while the reader was not at the end. */
  readonly newCount: number;
  readonly toEnd: () => void;
}

/** The end of the list, or a message and its distance from the upper edge, in px. */
type Place = "end" | { readonly id: string; readonly top: number };

/**
 * Keeps the place of the reader in a list of messages: the end with the newest message, or the message at the upper edge, also when
 * messages are added, replaced or resized, and after the list was hidden. Browsers differ in their own anchoring of scroll positions.
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
    // A user who sends a message sees it, also from another place.
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
    // A list that does not fill its box cannot be scrolled, so it loads more messages at once.
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

/** Scrolls the list to a place, unless the message of the place is no longer in the list. */
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
