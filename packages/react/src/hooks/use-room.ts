import { useSyncExternalStore } from "react";
import type { AnyClient, AnyRoom } from "../common/client-view.ts";
import { JOINING } from "../stores/room-lease.ts";
import { useScope } from "./use-scope.ts";

export function useRoom(client: AnyClient, name: string): AnyRoom {
  const room = useScope(client, name);
  const { subscribe, get } = room.stores.state;
  useSyncExternalStore(subscribe, get, () => JOINING);
  return room;
}
