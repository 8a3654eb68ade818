import { expect, test } from "vitest";
import type { CanvasState } from "./canvas-guests.ts";
import { guestsOf } from "./canvas-guests.ts";

const HERE: CanvasState = { status: "here", cursor: null };
const user = (userId: string, name: string, presence: CanvasState = HERE) => ({
  userId,
  name,
  connectedAt: "2026-01-01T12:00:00.000Z",
  presence,
});

test("the canvas shows the visitor, the own companion and other visitors, and no companion of theirs", () => {
  const users = [
    user("visit-b.companion", "Grace"),
    user("visit-b.you", "Visitor Tern", { status: "busy", cursor: { x: 0.5, y: 0.5 } }),
    user("visit-a.companion", "Grace"),
    user("visit-a.you", "Visitor Skua"),
  ];
  const guests = guestsOf(users, { room: "visit-a" }, HERE);
  expect(guests.map(({ name, isOwn, status }) => [name, isOwn, status])).toEqual([
    ["You", true, "here"],
    ["Grace", false, "here"],
    ["Visitor Tern", false, "busy"],
  ]);
});

test("the own pointer is shown at once, and without one the cursor of another tab", () => {
  const there = { x: 0.1, y: 0.2 };
  const users = [user("visit-a.you", "Visitor Skua", { status: "away", cursor: there })];
  const own = { status: "here", cursor: { x: 0.9, y: 0.8 } } as const;
  expect(guestsOf(users, { room: "visit-a" }, own)[0]).toMatchObject({ cursor: own.cursor, status: "away" });
  expect(guestsOf(users, { room: "visit-a" }, HERE)[0]).toMatchObject({ cursor: there });
});
