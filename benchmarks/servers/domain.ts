/** The parts that all servers share: settings, the schemas of messages, and the answer to a request. */
import { z } from "zod";

/** The address at which a server listens. */
export const port = Number(process.env["PORT"]);
export const hostname = process.env["HOST"] ?? "127.0.0.1";
/** The URL of the Redis of a cluster; undefined for one server alone. */
export const redisUrl = process.env["REDIS_URL"];
/** Whether a server offers permessage-deflate. */
export const compression = process.env["COMPRESSION"] === "on";

export const Post = z.object({ text: z.string().max(65_536) });
export const Direct = z.object({ to: z.string().max(128), content: z.string().min(1).max(65_536) });
export const GetUser = z.object({ user: z.int().min(0), fields: z.array(z.enum(["name", "tags"])).max(8) });
export const UserDetails = z.object({
  user: z.int(),
  name: z.string().optional(),
  tags: z.array(z.string()).optional(),
});

/** The room in the URL of a connection. */
export function roomIn(url: string | undefined): string | undefined {
  return new URLSearchParams(url?.split("?")[1]).get("room") ?? undefined;
}

/** Answers a request. An application would query a database here. */
export function getUser({ user, fields }: z.infer<typeof GetUser>): z.infer<typeof UserDetails> {
  return {
    user,
    ...(fields.includes("name") ? { name: "Ada Lovelace" } : {}),
    ...(fields.includes("tags") ? { tags: ["analyst", "countess"] } : {}),
  };
}
