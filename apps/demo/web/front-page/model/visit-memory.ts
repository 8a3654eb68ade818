// Stores the visit of a tab in sessionStorage, which the browser copies only to the tabs that this tab opens.
import type { Visit } from "../../../shared/visit.ts";
import { readItem, writeItem } from "../../lib/browser-storage.ts";

const VISIT = "halyard-demo-visit";

/** The address of another tab of the same visit. public/theme.js reads it, too. */
export const TAB_ADDRESS = "/?tab";

export function rememberVisit(visit: Visit): void {
  writeItem("sessionStorage", VISIT, JSON.stringify(visit));
}

/** The visit of the tab that has opened this one; undefined without one. */
export function recallVisit(): Visit | undefined {
  try {
    return (JSON.parse(readItem("sessionStorage", VISIT) ?? "null") as Visit | null) ?? undefined;
  } catch {
    return undefined;
  }
}
