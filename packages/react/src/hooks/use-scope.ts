import { useEffect, useLayoutEffect, useMemo } from "react";
import type { AnyClient, AnyRoom, AnyScope } from "../common/client-view.ts";
import { leaseOf } from "../stores/room-lease.ts";

/** Runs before all effects. React 18 warns of a layout effect during server rendering, where no effect runs. */
const useBeforeEffects = typeof document === "undefined" ? useEffect : useLayoutEffect;

/** The room, joined while the component is mounted; without a name, the client. */
export function useScope(client: AnyClient, name: string): AnyRoom;
export function useScope(client: AnyClient, name: string | undefined): AnyScope;
export function useScope(client: AnyClient, name: string | undefined): AnyScope {
  const { scope, mount, reopen } = useMemo(() => leaseOf(client, name), [client, name]);
  useBeforeEffects(reopen, [reopen]);
  useEffect(mount, [mount]);
  return scope;
}
