import { useCallback } from "react";
import type { AnyClient, Users } from "../common/client-view.ts";
import { useSelected } from "../common/use-selected.ts";
import { NO_USERS } from "../stores/room-lease.ts";
import { useScope } from "./use-scope.ts";

export interface PresenceOptions<TSelected> {
  readonly others?: boolean | undefined;
  readonly select?: ((users: Users) => TSelected) | undefined;
}

const identity = (users: Users): unknown => users;

export function usePresence(
  client: AnyClient,
  room?: string,
  { others, select = identity }: PresenceOptions<unknown> = {},
): unknown {
  const { users } = useScope(client, room).stores;
  const ownId = useSelected([client.stores.user, undefined], (user) => others && user?.userId);
  const selectShown = useCallback(
    (all: Users) => select(others ? all.filter(({ userId }) => userId !== ownId) : all),
    [select, others, ownId],
  );
  return useSelected([users, NO_USERS], selectShown);
}
