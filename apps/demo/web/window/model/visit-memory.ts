// The visit of a window, for the tabs that it opens: the browser copies sessionStorage to them, and to no other window.
import type { Visit } from "../../../shared/visit.ts";
import { readItem, writeItem } from "../../lib/browser-storage.ts";

const VISIT = "halyard-demo-visit";

/** The address of another tab of the same visit. public/theme.js reads it, too. */
export const TAB_ADDRESS = "/?tab";

export function rememberVisit(visit: Visit): void {
  writeItem("sessionStorage", VISIT, JSON.stringify(visit));
}

/** The visit of the window that has opened this tab; undefined where there is none. */
export function recallVisit(): Visit | undefined {
  try {
    return (JSON.parse(readItem("sessionStorage", VISIT) ?? "null") as Visit | null) ?? undefined;
  } catch {
    return undefined;
  }
}
