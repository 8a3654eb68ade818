import { useEffect, useLayoutEffect, useMemo, version } from "react";
import type { AnyClient, AnyRoom, AnyScope } from "../common/client-view.ts";
import { leaseOf } from "../stores/room-lease.ts";

/** Runs before all effects. React 18, which has no `Activity`, warns of a layout effect during server rendering. */
const useBeforeEffects = version < "19" ? useEffect : useLayoutEffect;

/** The room, joined while the component is mounted; without a name, the client. */
export function useScope(client: AnyClient, name: string): AnyRoom;
export function useScope(client: AnyClient, name: string | undefined): AnyScope;
export function useScope(client: AnyClient, name: string | undefined): AnyScope {
  const { scope, mount, reopen } = useMemo(() => leaseOf(client, name), [client, name]);
  useBeforeEffects(reopen, [reopen]);
  useEffect(mount, [mount]);
  return scope;
}
