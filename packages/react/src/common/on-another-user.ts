import type { Unsubscribe } from "@halyard/client";
import type { AnyClient } from "./client-view.ts";

/** Calls the listener as soon as the client knows another user than before: that is before it is connected as that user. */
export function onAnotherUser({ stores }: AnyClient, listener: () => void): Unsubscribe {
  let knownId: string | undefined;
  return stores.user.subscribe((user) => {
    const before = knownId;
    knownId = user?.userId ?? before;
    if (before && before !== knownId) listener();
  });
}
