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
      // Also a state that another component shows: the server may have ended its room, which this one joins again.
      room.updatePresence({ ...known?.removed, ...store.get() });
      return endAll(store.subscribe(listener), store.followUser(client, room));
    },
    [room],
  );
  const state = useSyncExternalStore(
    subscribe,
    () => states.get(name)?.shown?.get() ?? first,
    () => first,
  );
  const update = useCallback(
    (patch: object) => {
      const change = () => {
        const store = states.get(name)?.shown;
        store?.set({ ...store.get(), ...patch });
        if (store) room.updatePresence(patch);
        return store;
      };
      // An effect of a child runs before the state is shown.
      if (!change()) queueMicrotask(change);
    },
    [room],
  );
  return useMemo(() => [state, update], [state, update]);
}
