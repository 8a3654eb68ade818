import { useEffect, useReducer } from "react";
import { useMessage, useRequest } from "./halyard.ts";
import { reduceRooms } from "./read-state.ts";
import type { ChatRoom, RoomsAction } from "./read-state.ts";
import { useOnOpen } from "./use-on-open.ts";

export interface Rooms {
  readonly rooms: readonly ChatRoom[];
  /** Whether the server has listed its rooms. */
  readonly isListed: boolean;
  readonly dispatch: (action: RoomsAction) => void;
}

/** The rooms, and the unread messages of each of them. */
export function useRooms(userId: string): Rooms {
  const [rooms, dispatch] = useReducer(reduceRooms, []);
  const { data, refetch } = useRequest("list_rooms", undefined, { enabled: false });
  useOnOpen(refetch);
  useEffect(() => {
    if (data) dispatch({ type: "listed", rooms: data });
  }, [data]);
  useMessage("room_created", ({ name }) => dispatch({ type: "created", room: name }));
  useMessage("read_position", ({ room, messageId }) => dispatch({ type: "read", room, messageId }));
  useMessage("chat_message", ({ id, from }, { room, replayed }) => {
    // Replayed messages are not counted here: the list that is requested for each connection includes them.
    if (room === undefined || replayed) return;
    dispatch({ type: "received", room, message: { id, isOwn: from.userId === userId } });
  });
  return { rooms, isListed: data !== undefined, dispatch };
}
