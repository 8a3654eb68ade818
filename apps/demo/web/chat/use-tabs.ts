import { useEffect, useState } from "react";
import type { Device } from "../../shared/device.ts";
import { useMessage, useRequest } from "./halyard.ts";
import { useOnOpen } from "./use-on-open.ts";

/** How many tabs users have open, by user id. A user who is missing has one. */
export type TabCounts = ReadonlyMap<string, number>;

const NO_COUNTS: TabCounts = new Map();

/** How many tabs each user has open: the server tells everyone the number, and nothing more. */
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

/** The open tabs of the user of this page, and which of them is this one. */
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
