import { expect, test } from "vitest";
import type { ChatRoom, RoomsAction } from "./read-state.ts";
import { reduceRooms, unreadOf } from "./read-state.ts";

const listed = (unread: number, newest?: string): RoomsAction => ({
  type: "listed",
  rooms: [{ name: "general", unread, newest }],
});
const received = (id: string, isOwn = false): RoomsAction => ({
  type: "received",
  room: "general",
  message: { id, isOwn },
});
const read = (messageId: string): RoomsAction => ({ type: "read", room: "general", messageId });

function unread(...actions: readonly RoomsAction[]): number {
  const rooms = actions.reduce<readonly ChatRoom[]>(reduceRooms, []);
  return rooms.reduce((sum, room) => sum + unreadOf(room), 0);
}

test("[demo 8] unread is what the server has counted, and what others have sent since", () => {
  expect(unread(listed(2, "b"), received("c"), received("d", true))).toBe(3);
});

test("[demo 8] a position of another tab leaves what came behind it", () => {
  expect(unread(listed(2, "b"), received("c"), received("d"), read("c"))).toBe(1);
});

test("[demo 8] a message that comes after its position is not counted", () => {
  expect(unread(listed(0), received("a"), read("b"), received("b"))).toBe(0);
  expect(unread(listed(1, "a"), received("a"))).toBe(1);
});

test("[demo 8] a message of which the server's list knows nothing yet stays counted", () => {
  expect(unread(listed(0, "a"), received("b"), received("c"), listed(1, "b"))).toBe(2);
});

test("a room that is created has nothing to read, and is in the list once", () => {
  const created: RoomsAction = { type: "created", room: "new" };
  const rooms = [created, created].reduce<readonly ChatRoom[]>(reduceRooms, []);
  expect(rooms.map(({ name }) => name)).toEqual(["new"]);
  expect(unread(listed(3, "c"), created)).toBe(3);
});
