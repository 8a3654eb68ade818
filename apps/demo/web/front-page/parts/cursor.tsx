import type { CanvasGuest } from "../model/canvas-guests.ts";

/** A cursor with its name, which is on the other side at the edge. Hidden from screen readers, which read the names in the list. */
export function Cursor({ guest }: { readonly guest: CanvasGuest }) {
  const { cursor, name, hue, isOwn, status } = guest;
  if (cursor === null) return null;
  return (
    <div
      className="cursor"
      style={{ translate: `${cursor.x * 100}% ${cursor.y * 100}%` }}
      data-hue={hue}
      data-own={isOwn || undefined}
      data-status={status}
      data-left={cursor.x > 0.75 || undefined}
      data-above={cursor.y > 0.8 || undefined}
      data-x={cursor.x}
      data-y={cursor.y}
      data-testid={isOwn ? "cursor-own" : "cursor"}
      aria-hidden="true"
    >
      <svg viewBox="0 0 20 20" width="20" height="20">
        <path d="M2 2l5.500 15 2.600-6.400L16.500 8z" />
      </svg>
      <span>
        {name}
        {status !== "here" && ` · ${status}`}
      </span>
    </div>
  );
}
