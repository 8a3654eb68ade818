import { useEffect, useMemo } from "react";
import type { AnyClient, AnyRoom, AnyScope } from "../common/client-view.ts";
import { leaseOf } from "../stores/room-lease.ts";

/** The room, joined while the component is mounted; without a name, the client. */
export function useScope(client: AnyClient, name: string): AnyRoom;
export function useScope(client: AnyClient, name: string | undefined): AnyScope;
export function useScope(client: AnyClient, name: string | undefined): AnyScope {
  const { scope, mount } = useMemo(() => leaseOf(client, name), [client, name]);
  useEffect(mount, [mount]);
  return scope;
}
