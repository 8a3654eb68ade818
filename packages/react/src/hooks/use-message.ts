import { useEffect, useInsertionEffect, useRef } from "react";
import type { AnyClient, MessageListener } from "../common/client-view.ts";
import { useScope } from "./use-scope.ts";

/** Where a hook sends or listens. */
export interface RoomOptions {
  readonly room?: string | undefined;
}

export function useMessage(
  client: AnyClient,
  ...[type, listener, { room } = {}]: [type: string, listener: MessageListener, options?: RoomOptions]
): void {
  const scope = useScope(client, room);
  const newest = useRef(listener);
  useInsertionEffect(() => {
    newest.current = listener;
  });
  useEffect(() => scope.on(type, (...parameters) => newest.current(...parameters)), [scope, type]);
}
