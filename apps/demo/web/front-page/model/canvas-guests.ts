// The users to show in the canvas of a visit, with their names and colours.
import type { RoomUser } from "@halyard/protocol";
import type { Status, Visit } from "../../../shared/visit.ts";
import { hueOf } from "../../lib/person.ts";
import type { Point } from "./point.ts";

/** The state of a user in the canvas. */
export interface CanvasState {
  readonly status: Status;
  readonly cursor: Point | null;
}

export interface CanvasGuest extends CanvasState {
  readonly userId: string;
  readonly name: string;
  readonly hue: number;
  readonly isOwn: boolean;
}

/** The hues of both guests of a visit on the whole page. */
const OWN_HUE = 0;
const COMPANION_HUE = 2;

/** The visitor, the companion, and the visitors of other windows, in this order. The companions of other visits are not shown. */
export function guestsOf(
  users: readonly RoomUser<CanvasState>[],
  { room }: Pick<Visit, "room">,
  own: CanvasState,
): CanvasGuest[] {
  const shown = users.filter(({ userId }) => userId.startsWith(`${room}.`) || userId.endsWith(".you"));
  const guests = shown.map(({ userId, name, presence = own }): CanvasGuest => {
    if (userId === `${room}.companion`)
      return { userId, name, hue: COMPANION_HUE, isOwn: false, ...presence };
    if (userId !== `${room}.you`) return { userId, name, hue: hueOf(userId), isOwn: false, ...presence };
    // The pointer in this tab is shown at once. Without one, the cursor is that of another tab.
    return {
      userId,
      name: "You",
      hue: OWN_HUE,
      isOwn: true,
      ...presence,
      cursor: own.cursor ?? presence.cursor,
    };
  });
  const rank = (guest: CanvasGuest) => (guest.isOwn ? 0 : guest.userId.startsWith(`${room}.`) ? 1 : 2);
  return guests.toSorted(
    (left, right) => rank(left) - rank(right) || left.userId.localeCompare(right.userId),
  );
}
