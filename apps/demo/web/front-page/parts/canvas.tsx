import type { KeyboardEvent, PointerEvent, ReactNode } from "react";
import { useId } from "react";
import { STATUSES } from "../../../shared/visit.ts";
import type { Visit } from "../../../shared/visit.ts";
import { useConnection, useMyPresence, usePresence } from "../halyard.ts";
import type { CanvasGuest, CanvasState } from "../model/canvas-guests.ts";
import { guestsOf } from "../model/canvas-guests.ts";
import type { Point } from "../model/point.ts";
import { moveByKey, pointOf } from "../model/point.ts";
import { CanvasFrame } from "./canvas-frame.tsx";
import { Cursor } from "./cursor.tsx";

interface CanvasProps {
  readonly visit: Visit;
  /** The controls beside the choice of a status. */
  readonly tools?: ReactNode;
  /** Gets the element of the canvas, to observe whether it is visible. */
  readonly onElement?: (element: HTMLElement | null) => (() => void) | undefined;
}

const ALONE: CanvasState = { status: "here", cursor: null };
const HINTS = {
  connecting: "Connecting …",
  open: "Move here, or press the arrow keys.",
  waiting: "No connection. The cursors return after the reconnect.",
  authRequired: "Signed out.",
  closed: "Disconnected.",
} as const;
const MIDDLE: Point = { x: 0.5, y: 0.5 };

/** The users in the canvas, with their live cursors. */
export function Canvas({ visit, tools, onElement }: CanvasProps) {
  const [me, updatePresence] = useMyPresence(visit.canvas, ALONE);
  const users = usePresence(visit.canvas);
  const status = useConnection((state) => state.status);
  const isStale = status !== "open";
  const hintId = useId();
  const guests = status === "authRequired" ? [] : guestsOf(users, visit, me);
  const show = (cursor: Point | null) => updatePresence({ cursor });
  return (
    <CanvasFrame
      who={<Guests guests={guests} />}
      tools={
        <>
          {tools}
          <StatusChoice status={me.status} onChoose={(status) => updatePresence({ status })} />
        </>
      }
    >
      {/* A group and no button, because its action is a move of the pointer. */}
      <div
        ref={onElement}
        className="canvas-area"
        role="group"
        tabIndex={0}
        aria-label="Canvas"
        aria-describedby={hintId}
        data-stale={isStale || undefined}
        data-testid="canvas"
        onPointerMove={(event) => show(pointOfEvent(event))}
        onPointerDown={(event) => show(pointOfEvent(event))}
        onPointerLeave={({ pointerType }) => {
          // The cursor stays after a touch ends.
          if (pointerType === "mouse") show(null);
        }}
        onKeyDown={(event) => moveWithKey(event, me.cursor ?? MIDDLE, show)}
      >
        <p id={hintId} className="canvas-hint">
          {HINTS[status]}
        </p>
        {guests.map((guest) => (
          <Cursor key={guest.userId} guest={guest} />
        ))}
      </div>
    </CanvasFrame>
  );
}

function pointOfEvent({ currentTarget, clientX, clientY }: PointerEvent<HTMLElement>): Point {
  const { left, top, width, height } = currentTarget.getBoundingClientRect();
  return pointOf((clientX - left) / width, (clientY - top) / height);
}

function moveWithKey(event: KeyboardEvent, from: Point, show: (cursor: Point) => void): void {
  const next = moveByKey(from, event.key, event.shiftKey);
  if (next === undefined) return;
  event.preventDefault();
  show(next);
}

const MAX_SHOWN = 4;

function Guests({ guests }: { readonly guests: readonly CanvasGuest[] }) {
  const more = guests.length - MAX_SHOWN;
  return (
    <ul className="guests" aria-label="In the canvas" data-testid="guests">
      {guests.slice(0, MAX_SHOWN).map(({ userId, name, hue, status }) => (
        <li key={userId} data-hue={hue} data-status={status}>
          <span className="guest-colour" aria-hidden="true" />
          {name} <small>{status}</small>
        </li>
      ))}
      {more > 0 && <li>{more} more</li>}
    </ul>
  );
}

interface StatusChoiceProps {
  readonly status: CanvasState["status"];
  readonly onChoose: (status: CanvasState["status"]) => void;
}

function StatusChoice({ status, onChoose }: StatusChoiceProps) {
  const name = useId();
  return (
    <fieldset className="segments statuses">
      <legend className="sr-only">Your status</legend>
      {STATUSES.map((value) => (
        <label key={value} className="segment" data-testid={`status-${value}`}>
          <input type="radio" name={name} checked={value === status} onChange={() => onChoose(value)} />
          <span>{value}</span>
        </label>
      ))}
    </fieldset>
  );
}
