import type { Unsubscribe } from "@halyard/client";
import type { AnyClient } from "./client-view.ts";

/** The last user whom a subscriber knew. One that subscribes again with it hears of a change that came meanwhile. */
export interface KnownUser {
  id?: string | undefined;
}

/** Calls the listener as soon as the client knows another user than before: that is before it is connected as that user. */
export function onAnotherUser(
  { stores }: AnyClient,
  listener: () => void,
  known: KnownUser = {},
): Unsubscribe {
  return stores.user.subscribe((user) => {
    const before = known.id;
    known.id = user?.userId ?? before;
    if (before && before !== known.id) listener();
  });
}
