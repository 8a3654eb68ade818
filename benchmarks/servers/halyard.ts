/** The application on Halyard, the same on both runtimes. */
import { createWebSocketSystem } from "@halyard/server";
import type { AnyAuthenticator } from "@halyard/server";
import { protocol } from "./contract.ts";
import { lookUp } from "./domain.ts";
import { raisedLimits } from "./raised-limits.ts";

const database = process.env["DATABASE"];

/** The user of a session, where there are sessions; else the one that the URL names. */
const authenticate: AnyAuthenticator =
  database === undefined
    ? ({ url }) => ({ user: { id: new URLSearchParams(url.split("?")[1]).get("user") ?? "nobody" } })
    : await readSessions(database);

export const { manager, handlers } = createWebSocketSystem({
  protocol,
  authenticate,
  authorize: () => true,
  limits: raisedLimits,
});

handlers
  .on("post", ({ text }) => manager.broadcastMessage({ type: "posted", text }))
  .onRequest("look_up", (input) => lookUp(input));

/** Imported here only: the memory of a server without sessions has no Better Auth in it. */
async function readSessions(file: string): Promise<AnyAuthenticator> {
  const { betterAuthAuthenticator } = await import("@halyard/better-auth");
  const { createAuth } = await import("./better-auth.ts");
  return betterAuthAuthenticator(await createAuth(file));
}
