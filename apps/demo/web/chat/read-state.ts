// The number of unread messages of each room: those that the server has counted, and those that arrived since.
import type { ListedRoom } from "../../shared/protocol.ts";

export interface ChatRoom {
  readonly name: string;
  /** The unread messages that the server has counted, up to `position`. */
  readonly counted: number;
  readonly position: string | undefined;
  /** The messages that arrived after `position`, the oldest first. */
  readonly received: readonly ReceivedMessage[];
}

interface ReceivedMessage {
  readonly id: string;
  readonly isOwn: boolean;
}

export type RoomsAction =
  /** The list of the server, which the page requests for each connection. */
  | { readonly type: "listed"; readonly rooms: readonly ListedRoom[] }
  | { readonly type: "created"; readonly room: string }
  | { readonly type: "received"; readonly room: string; readonly message: ReceivedMessage }
  /** The user has read up to this message, in this tab or in another one. */
  | { readonly type: "read"; readonly room: string; readonly messageId: string };

export function unreadOf({ counted, received }: ChatRoom): number {
  return counted + received.filter(({ isOwn }) => !isOwn).length;
}

export function reduceRooms(rooms: readonly ChatRoom[], action: RoomsAction): readonly ChatRoom[] {
  if (action.type === "listed") {
    return action.rooms.map(({ name, unread, newest }) => {
      const { received } = rooms.find((room) => room.name === name) ?? emptyRoom(name);
      return { name, counted: unread, position: newest, received: after(received, newest) };
    });
  }
  if (action.type === "created") {
    const isKnown = rooms.some(({ name }) => name === action.room);
    return isKnown ? rooms : [...rooms, emptyRoom(action.room)];
  }
  return rooms.map((room) => (room.name === action.room ? reduceRoom(room, action) : room));
}

function reduceRoom(
  room: ChatRoom,
  action: Extract<RoomsAction, { readonly type: "received" | "read" }>,
): ChatRoom {
  if (action.type === "read") {
    const { messageId } = action;
    return { ...room, counted: 0, position: messageId, received: after(room.received, messageId) };
  }
  // The position may arrive before its message, which is counted as read then.
  const isCounted = action.message.id === room.position;
  return isCounted ? room : { ...room, received: [...room.received, action.message] };
}

/** The messages after a message; none if the list does not have the message, because it is older or has not arrived. */
function after(received: readonly ReceivedMessage[], id: string | undefined): readonly ReceivedMessage[] {
  const index = received.findIndex((message) => message.id === id);
  return index < 0 ? [] : received.slice(index + 1);
}

function emptyRoom(name: string): ChatRoom {
  return { name, counted: 0, position: undefined, received: [] };
}
