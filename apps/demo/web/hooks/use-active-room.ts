import { useSyncExternalStore } from "react";
import { FIRST_ROOMS } from "../../shared/constants.ts";

/** The room that the address names after its #, so that reload, back and a link all work; else the first one. */
export function useActiveRoom(): string {
  const hash = useSyncExternalStore(subscribe, () => location.hash.slice(1));
  return decode(hash) || FIRST_ROOMS[0];
}

/** A link that was cut off may end within an escape. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}
