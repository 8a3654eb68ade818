import { useEffect, useSyncExternalStore } from "react";
import type { RoomSession } from "../chat/room-session.ts";

/** The room that the address names after its #, so that reload, back and a link all work; else the first one. */
export function useActiveRoom(rooms: readonly RoomSession[]): RoomSession | undefined {
  const name = useSyncExternalStore(subscribe, () => decodeURIComponent(location.hash.slice(1)));
  const room = rooms.find((candidate) => candidate.name === name) ?? rooms[0];
  const isVisible = useSyncExternalStore(subscribeToVisibility, () => document.visibilityState === "visible");

  useEffect(() => {
    room?.watch(isVisible);
    return () => room?.watch(false);
  }, [room, isVisible]);

  useEffect(() => {
    void room?.open();
  }, [room]);

  return room;
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

function subscribeToVisibility(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}
