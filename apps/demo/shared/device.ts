import { z } from "zod";

/** An open connection of a user, in a tab or another browser. Only this user can see it. */
export const Device = z.object({
  /** The id of the connection, which is unique over all nodes. */
  id: z.string(),
  /** For example "Firefox on Linux". */
  browser: z.string(),
  /** The name of its node; undefined if there is only one. */
  node: z.string().optional(),
  /** The time at which the connection opened, in ISO 8601. */
  since: z.string(),
});
export type Device = z.infer<typeof Device>;
