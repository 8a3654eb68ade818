import type { Outcome } from "./page-program.ts";

/** What `drive` of page-program.ts ends with in every runtime in which the client works. */
export const EXPECTED: Outcome = {
  receipt: "delivered",
  heard: "Zürich 🎉",
  echoed: "hi",
  aborted: "AbortError",
  afterReconnect: "again",
};
