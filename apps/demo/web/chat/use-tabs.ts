import { useEffect, useState } from "react";
import type { Device } from "../../shared/device.ts";
import { useMessage, useRequest } from "./halyard.ts";
import { useOnOpen } from "./use-on-open.ts";

/** The number of open tabs by user id. A user without an entry has one. */
export type TabCounts = ReadonlyMap<string, number>;

const NO_COUNTS: TabCounts = new Map();

/** The number of open tabs of each user, which the server sends to all users. */
export function useTabCounts(): TabCounts {
  const [counts, setCounts] = useState(NO_COUNTS);
  const { data, refetch } = useRequest("count_tabs", undefined, { enabled: false });
  useOnOpen(refetch);
  useEffect(() => {
    if (data) setCounts(new Map(data.map(({ userId, tabs }) => [userId, tabs])));
  }, [data]);
  useMessage("tabs", ({ userId, tabs }) => setCounts((known) => new Map([...known, [userId, tabs]])));
  return counts;
}

/** The open tabs of the user of this page, and the id of this tab. */
export function useOwnTabs(): { readonly devices: readonly Device[]; readonly ownId: string | undefined } {
  const [devices, setDevices] = useState<readonly Device[]>([]);
  const { data, refetch } = useRequest("list_devices", undefined, { enabled: false });
  useOnOpen(refetch);
  useEffect(() => {
    if (data) setDevices(data.devices);
  }, [data]);
  useMessage("devices", (message) => setDevices(message.devices));
  return { devices, ownId: data?.connectionId };
}
