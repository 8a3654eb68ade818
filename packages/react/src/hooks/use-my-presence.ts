import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { AnyClient } from "../common/client-view.ts";
import { endAll } from "../common/end-all.ts";
import { OwnState, ownStatesOf } from "../stores/own-states.ts";
import { useScope } from "./use-scope.ts";

export function useMyPresence(
  client: AnyClient,
  givenName: string,
  initial: object,
): readonly [state: object, updatePresence: (patch: object) => void] {
  const room = useScope(client, givenName);
  const { name } = room;
  const states = ownStatesOf(client);
  // The initial state of the first render in this room.
  const first = useMemo(() => initial, [client, name]);
  const subscribe = useCallback(
    (listener: () => void) => {
      const known = states.get(name);
      const store = known?.shown ?? new OwnState(first);
      states.set(name, store);
      if (store !== known) room.updatePresence({ ...known?.removed, ...first });
      return endAll(store.subscribe(listener), store.followUser(client, room));
    },
    [client, states, name, room, first],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => states.get(name)?.shown?.get() ?? first,
    () => first,
  );
  const update = useCallback(
    (patch: object) => {
      const store = states.get(name)?.shown;
      if (!store) return;
      store.set({ ...store.get(), ...patch });
      room.updatePresence(patch);
    },
    [states, name, room],
  );
  return useMemo(() => [state, update], [state, update]);
}
