import { useEffect, useEffectEvent } from "react";
import { useConnection } from "./halyard.ts";

/** Calls the listener of the newest render each time the connection opens. */
export function useOnOpen(listener: () => void): void {
  const isOpen = useConnection(({ status }) => status === "open");
  const onOpen = useEffectEvent(listener);
  useEffect(() => {
    if (isOpen) onOpen();
  }, [isOpen]);
}
