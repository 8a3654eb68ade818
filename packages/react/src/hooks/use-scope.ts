import { useEffect, useImperativeHandle, useMemo } from "react";
import type { AnyClient, AnyRoom, AnyScope } from "../common/client-view.ts";
import { leaseOf } from "../stores/room-lease.ts";

/** The room, joined while the component is mounted; without a name, the client. */
export function useScope(client: AnyClient, name: string): AnyRoom;
export function useScope(client: AnyClient, name: string | undefined): AnyScope;
export function useScope(client: AnyClient, name: string | undefined): AnyScope {
  const { scope, mount, reopen } = useMemo(() => leaseOf(client, name), [client, name]);
  // Calls `reopen` before all effects. A layout effect would do so too, but React 18 warns of it during server rendering.
  useImperativeHandle(reopen, reopen);
  useEffect(mount, [mount]);
  return scope;
}
