import { useCallback, useEffect, useMemo, useSyncExternalStore } from "react";
import type { AnyClient } from "../common/client-view.ts";
import { PENDING, requestsOf, SharedRequest } from "../stores/shared-request.ts";
import type { RequestState } from "../stores/shared-request.ts";

export interface AnyRequestResult extends RequestState {
  readonly refetch: () => void;
}

interface RequestOptions {
  readonly room?: string | undefined;
  readonly enabled?: boolean | undefined;
}

export function useRequest(
  client: AnyClient,
  ...[name, input, { room, enabled = true } = {}]: [name: string, input?: unknown, options?: RequestOptions]
): AnyRequestResult {
  const requests = requestsOf(client);
  // Inputs with the same JSON count as equal.
  const key = JSON.stringify({ name, input, room });
  const subscribe = useCallback(
    (listener: () => void) => {
      const request = requests.get(key) ?? new SharedRequest(client, { name, input, room });
      requests.set(key, request);
      const unsubscribe = request.subscribe(listener);
      return () => {
        unsubscribe();
        if (request.isWatched) return;
        request.end();
        requests.delete(key);
      };
    },
    [requests, key],
  );
  const get = () => requests.get(key)?.get() ?? PENDING;
  const state = useSyncExternalStore(subscribe, get, () => PENDING);
  // After the subscription, which creates the request.
  useEffect(() => {
    const request = enabled ? requests.get(key) : undefined;
    request?.enable();
    return () => request?.disable();
  }, [requests, key, enabled]);
  const refetch = useCallback(() => requests.get(key)?.fetch(), [requests, key]);
  return useMemo(() => ({ ...state, refetch }), [state, refetch]);
}
