// Moves the companion's cursor over the canvas, so that a visitor who is alone sees the cursor of another user.
import type { Room } from "@halyard/client";
import type { Visit } from "../../../shared/visit.ts";
import type { VisitProtocol } from "../../../shared/visit-protocol.ts";
import type { Point } from "./point.ts";
import { moveTowards, strollAt } from "./point.ts";
import type { PaneSession } from "./pane-session.ts";
import type { Store } from "./store.ts";

export interface CompanionCursorOptions {
  readonly visit: Visit;
  readonly companion: PaneSession;
  /** Whether the companion moves and writes. */
  readonly isTalking: Store<boolean>;
  /** Called when the companion sees the visitor's cursor. */
  readonly onSeen: () => void;
}

/** The interval between steps. Ten steps a second are enough for a smooth motion. */
const STEP_MS = 100;
/** The interval between jumps for a visitor who prefers reduced motion. */
const JUMP_MS = 2_000;
/** The distance between the cursors of the companion and of the visitor. */
const DISTANCE: Point = { x: 0.12, y: 0.16 };

export class CompanionCursor {
  /** Whether the canvas is visible. The cursor does not move while it is not. */
  isWatched = false;
  readonly #options: CompanionCursorOptions;
  readonly #room: Room<VisitProtocol>;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #stepMs = matchMedia("(prefers-reduced-motion: reduce)").matches ? JUMP_MS : STEP_MS;
  #cursor = strollAt(0);
  #steps = 0;

  constructor(options: CompanionCursorOptions) {
    this.#options = options;
    this.#room = options.companion.client.join(options.visit.canvas);
    this.#room.updatePresence({ status: "here", cursor: this.#cursor });
    this.#room.onUsersChange(() => {
      if (this.#visitor) options.onSeen();
    });
    options.isTalking.subscribe(() =>
      this.#room.updatePresence({ status: options.isTalking.get() ? "here" : "away" }),
    );
    this.#timer = setInterval(() => this.#move(), this.#stepMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** The cursor of the visitor, as the companion has received it. */
  get #visitor(): Point | undefined {
    const id = `${this.#options.visit.room}.you`;
    return this.#room.users.find(({ userId }) => userId === id)?.presence?.cursor ?? undefined;
  }

  #move(): void {
    if (!this.isWatched || !this.#options.isTalking.get() || document.visibilityState === "hidden") return;
    const seconds = (++this.#steps * this.#stepMs) / 1_000;
    const visitor = this.#visitor;
    const target = visitor
      ? { x: visitor.x + (visitor.x > 0.5 ? -DISTANCE.x : DISTANCE.x), y: visitor.y - DISTANCE.y }
      : strollAt(seconds);
    const next = moveTowards(this.#cursor, target, this.#stepMs === JUMP_MS ? 1 : 0.2);
    if (next.x === this.#cursor.x && next.y === this.#cursor.y) return;
    this.#cursor = next;
    this.#room.updatePresence({ cursor: next });
  }
}
