// The presence states of a client's user, shared by the hooks of one room.
// Called by `useMyPresence`, which adds a state in effects only, and removes it with its last component.
import type { AnyClient } from "../common/client-view.ts";
import type { ValueStore } from "../common/value-store.ts";

const byClient = new WeakMap<AnyClient, Map<string, ValueStore<object>>>();

/** The states of a client, by the name of the room. */
export function ownStatesOf(client: AnyClient): Map<string, ValueStore<object>> {
  const states = byClient.get(client) ?? new Map<string, ValueStore<object>>();
  byClient.set(client, states);
  return states;
}
