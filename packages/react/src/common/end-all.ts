import type { Unsubscribe } from "@halyard/client";

/** Ends several subscriptions as one. */
export function endAll(...stops: readonly Unsubscribe[]): Unsubscribe {
  return () => stops.forEach((stop) => stop());
}
