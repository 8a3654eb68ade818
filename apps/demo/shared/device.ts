import { z } from "zod";

/** One open connection of a user: a tab, or another browser. Only its user sees it. */
export const Device = z.object({
  /** The id of the connection, which is unique over all nodes. */
  id: z.string(),
  /** For example "Firefox on Linux". */
  browser: z.string(),
  /** Undefined where there is only one node. */
  node: z.string().optional(),
  /** When the connection opened, in ISO 8601. */
  since: z.string(),
});
export type Device = z.infer<typeof Device>;
