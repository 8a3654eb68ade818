import { useEffect, useInsertionEffect, useMemo, useSyncExternalStore } from "react";
import type { AnyClient } from "../common/client-view.ts";
import { MessageList } from "../stores/message-list.ts";
import type { MessageListOptions, MessageListState } from "../stores/message-list.ts";
import { useScope } from "./use-scope.ts";

export function useMessages(
  client: AnyClient,
  type: string,
  options: MessageListOptions = {},
): MessageListState {
  const scope = useScope(client, options.room);
  // The options of the first render create the list; later ones are set below, on the same list.
  const list = useMemo(
    () => new MessageList({ client, scope, hook: "useMessages", name: type }, options),
    [client, scope, type],
  );
  useInsertionEffect(() => {
    list.options = options;
  });
  const state = useSyncExternalStore(list.subscribe, list.get, list.get);
  useEffect(list.mount, [list]);
  useEffect(list.addInitial, [list, options.initial]);
  return state;
}
