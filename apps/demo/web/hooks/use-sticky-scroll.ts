import type { RefObject } from "react";
import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import type { Entry } from "../chat/timeline.ts";

const NEAR_BOTTOM_PX = 48;
const NEAR_TOP_PX = 240;

interface StickyScrollOptions {
  readonly entries: readonly Entry[];
  readonly selfId: string;
  /** The reader has come close to the oldest message. */
  readonly onTop: () => void;
}

export interface StickyScroll {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  /** Others' messages that came while the reader was further up. */
  readonly newCount: number;
  readonly toBottom: () => void;
}

/**
 * Keeps a list of messages where its reader is: at the bottom with the newest one, or further up with the one they
 * are reading, whatever is added at either end. By hand, because browsers differ in what they anchor.
 */
export function useStickyScroll({ entries, selfId, onTop }: StickyScrollOptions): StickyScroll {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isPinned = useRef(true);
  const drawn = useRef({ height: 0, firstId: "", lastId: "" });
  const [readId, setReadId] = useState<string>();
  const first = entries[0];
  const last = entries.at(-1);

  const toBottom = () => {
    isPinned.current = true;
    setReadId(undefined);
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  };

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const { height, firstId, lastId } = drawn.current;
    const isNew = last !== undefined && last.id !== lastId;
    // A user who sends wants to see the message, wherever they were reading.
    if (isNew && last.isPending && last.from.userId === selfId) toBottom();
    else if (isPinned.current) element.scrollTop = element.scrollHeight;
    else if (first?.id !== firstId) element.scrollTop += element.scrollHeight - height;
    drawn.current = { height: element.scrollHeight, firstId: first?.id ?? "", lastId: last?.id ?? "" };
  }, [first, last, entries, selfId]);

  const onScroll = useEffectEvent(() => {
    const element = scroller.current;
    if (!element) return;
    isPinned.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_BOTTOM_PX;
    if (isPinned.current) setReadId(undefined);
    else setReadId((id) => id ?? last?.id);
    if (element.scrollTop < NEAR_TOP_PX) onTop();
  });
  const onResize = useEffectEvent(() => {
    const element = scroller.current;
    if (!element) return;
    if (isPinned.current) element.scrollTop = element.scrollHeight;
    drawn.current.height = element.scrollHeight;
    // A page that does not fill the window cannot be scrolled, so it asks for more by itself.
    if (element.scrollHeight <= element.clientHeight) onTop();
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

  return { scroller, content, newCount: countNew(entries, readId, selfId), toBottom };
}

function countNew(entries: readonly Entry[], readId: string | undefined, selfId: string): number {
  if (readId === undefined) return 0;
  const read = entries.findIndex(({ id }) => id === readId);
  return read < 0 ? 0 : entries.slice(read + 1).filter(({ from }) => from.userId !== selfId).length;
}
