import { useEffect, useState } from "react";
import { readItem, writeItem } from "../lib/browser-storage.ts";
import { useMessage, useRequest } from "./halyard.ts";
import { useOnOpen } from "./use-on-open.ts";

export interface Announcement {
  readonly id: string;
  readonly message: string;
}

const DISMISSED = "halyard-demo-dismissed";

/** The newest announcement until the user dismisses it, also one from before the user was online. */
export function useAnnouncement(): [announcement: Announcement | undefined, dismiss: () => void] {
  const [current, setCurrent] = useState<Announcement>();
  const [dismissed, setDismissed] = useState(() => readItem("localStorage", DISMISSED));
  const { data, refetch } = useRequest("latest_announcement", undefined, { enabled: false });
  useOnOpen(refetch);
  useEffect(() => {
    if (data) setCurrent(data);
  }, [data]);
  useMessage("announcement", setCurrent);
  const dismiss = () => {
    if (!current) return;
    writeItem("localStorage", DISMISSED, current.id);
    setDismissed(current.id);
  };
  return [current?.id === dismissed ? undefined : current, dismiss];
}
