import { z } from "zod";

/** Where every server listens. */
export const port = Number(process.env["PORT"]);
export const hostname = "127.0.0.1";
/** Whether a server offers permessage-deflate. */
export const compression = process.env["COMPRESSION"] === "on";

export const Post = z.object({ text: z.string().max(65_536) });
export const LookUp = z.object({ user: z.int().min(0), fields: z.array(z.enum(["name", "tags"])).max(8) });
export const Found = z.object({
  user: z.int(),
  name: z.string().optional(),
  tags: z.array(z.string()).optional(),
});

/** What a request asks for; a real one would ask a database. */
export function lookUp({ user, fields }: z.infer<typeof LookUp>): z.infer<typeof Found> {
  return {
    user,
    ...(fields.includes("name") ? { name: "Ada Lovelace" } : {}),
    ...(fields.includes("tags") ? { tags: ["analyst", "countess"] } : {}),
  };
}
