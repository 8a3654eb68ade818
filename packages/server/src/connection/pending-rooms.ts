// The rooms of a hello that the connection is not in yet. Created with the welcome, which lists them as `pending`.
// Heartbeat lets Rooms join them in order, as the rates allow and the backplane answers; sends to such a room wait until it is settled.
import type { ResumePosition } from "@halyard/protocol/internal";
import { LIMITS } from "@halyard/protocol/wire";
import type { Clock } from "../types.ts";
import { untilDeadline } from "../utils/with-deadline.ts";

/** How long a join may hold up the next one, in ms. */
const NEXT_MS = 100;

interface Budget {
  messages: number;
  bytes: number;
}

interface PendingRoom {
  readonly position: ResumePosition | undefined;
  /** Whether the room has already been counted against the rate of joins. */
  readonly isPaid: boolean;
  readonly waiting: (() => void)[];
}

/** The rooms of one connection that wait to be joined, in the client's order. */
export class PendingRooms {
  readonly #budget: Budget = { messages: LIMITS.replayedMessages, bytes: LIMITS.replayedBytes };
  #isBusy = false;
  /** The joins that run, by room. */
  readonly #joining = new Map<string, Promise<unknown>>();
  readonly #rooms = new Map<string, PendingRoom>();

  get size(): number {
    return this.#rooms.size;
  }

  add(
    room: string,
    {
      position,
      isPaid = false,
    }: { readonly position: ResumePosition | undefined; readonly isPaid?: boolean },
  ): void {
    this.#rooms.set(room, { position, isPaid, waiting: [] });
  }

  has(room: string): boolean {
    return this.#rooms.has(room);
  }

  /**
   * Joins the rooms in order, as long as the rate allows. A room whose join takes longer than {@link NEXT_MS} holds up no other one.
   *
   * @param join settles the room unless it fails for now; never rejects
   */
  async joinDue(
    mayJoin: (isPaid: boolean) => boolean,
    join: (room: string) => Promise<void>,
    clock: Clock,
  ): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (const [room, { isPaid }] of this.#rooms) {
      if (this.#joining.has(room)) continue;
      if (!mayJoin(isPaid)) break;
      const joined = join(room).then(() => this.#joining.delete(room));
      this.#joining.set(room, joined);
      await untilDeadline(joined, { clock, ms: NEXT_MS });
    }
    this.#isBusy = false;
  }

  /** The position at which the client resumes in a room. */
  positionOf(room: string): ResumePosition | undefined {
    return this.#rooms.get(room)?.position;
  }

  /** How much all pending rooms together may still replay; undefined for a room that is not pending. */
  budgetOf(room: string): Budget | undefined {
    return this.#rooms.has(room) ? this.#budget : undefined;
  }

  /** Resolves when the room is joined with its presence, refused or left; undefined if it is not pending. */
  whenSettled(room: string): Promise<unknown> | undefined {
    const pending = this.#rooms.get(room);
    if (pending === undefined) return undefined;
    const settled = new Promise<void>((resolve) => pending.waiting.push(resolve));
    return settled.then(() => this.#joining.get(room));
  }

  /** Call when a room was joined, refused or left. @returns whether it was pending */
  settle(room: string): boolean {
    const pending = this.#rooms.get(room);
    this.#rooms.delete(room);
    for (const resolve of pending?.waiting ?? []) resolve();
    return pending !== undefined;
  }

  /** Call when the connection has closed. */
  settleAll(): void {
    for (const room of this.#rooms.keys()) this.settle(room);
  }
}
