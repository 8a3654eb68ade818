import { Activity, useState } from "react";
import type { Account } from "../chat/account.ts";
import { useRoom } from "../chat/halyard.ts";
import { unreadOf } from "../chat/read-state.ts";
import type { Rooms } from "../chat/use-rooms.ts";
import { RoomMissing } from "./room-missing.tsx";
import { RoomView } from "./room-view.tsx";

interface VisitedRoomsProps {
  readonly account: Account;
  readonly active: string;
  readonly list: Rooms;
}

/** The visible room, and hidden below it the rooms that were visible before, which keep messages, drafts and scroll positions. */
export function VisitedRooms({ account, active, list: { rooms, isListed, dispatch } }: VisitedRoomsProps) {
  const visited = useVisited(active);
  const isMissing = isListed && !rooms.some(({ name }) => name === active);
  return (
    <>
      {isMissing && <RoomMissing name={active} />}
      {!isListed && rooms.length === 0 && <p className="history-note">Loading messages…</p>}
      {rooms.map(({ name }) => (
        <JoinedRoom key={name} name={name} />
      ))}
      {rooms
        .filter(({ name }) => visited.has(name))
        .map((room) => (
          <Activity key={room.name} mode={room.name === active ? "visible" : "hidden"}>
            <RoomView name={room.name} account={account} unread={unreadOf(room)} dispatch={dispatch} />
          </Activity>
        ))}
    </>
  );
}

/** Joins a room while it is not visible, so that its unread messages are counted. */
function JoinedRoom({ name }: { readonly name: string }) {
  useRoom(name);
  return null;
}

function useVisited(active: string): ReadonlySet<string> {
  const [visited, setVisited] = useState<ReadonlySet<string>>(() => new Set([active]));
  if (visited.has(active)) return visited;
  const next = new Set([...visited, active]);
  setVisited(next);
  return next;
}
