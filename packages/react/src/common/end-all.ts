import type { Unsubscribe } from "@halyard/client";

/** Combines several unsubscribe functions into one. */
export function endAll(...stops: readonly Unsubscribe[]): Unsubscribe {
  return () => stops.forEach((stop) => stop());
}
