import { useMessages, useRoom } from "./halyard.ts";

export type RoomMessages = ReturnType<typeof useRoomMessages>;
export type Entry = RoomMessages["entries"][number];

/** The messages of a room: the newest page, all later messages, and the older pages that the reader has loaded. */
export function useRoomMessages(name: string) {
  const room = useRoom(name);
  return useMessages("chat_message", {
    room: name,
    limit: Infinity,
    load: ({ before, signal }) => room.request("load_history", { before }, { signal }),
  });
}
