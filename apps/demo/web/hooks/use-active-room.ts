import { useSyncExternalStore } from "react";
import { FIRST_ROOMS } from "../../shared/constants.ts";

/** The room in the address after its #, so that reload, back and links work; without one the first room. */
export function useActiveRoom(): string {
  const hash = useSyncExternalStore(subscribe, () => location.hash.slice(1));
  return decode(hash) || FIRST_ROOMS[0];
}

/** Decodes a name. A truncated link may end within an escape sequence. */
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
