import type { RoomSession } from "../chat/room-session.ts";
import { Composer } from "./composer.tsx";
import { MessageList } from "./message-list.tsx";
import { TypingLine } from "./typing-line.tsx";

export function RoomView({ room }: { readonly room: RoomSession }) {
  return (
    <>
      <MessageList room={room} />
      <div className="foot">
        <Composer room={room} />
        <TypingLine room={room} />
      </div>
    </>
  );
}
