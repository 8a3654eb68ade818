/**
 * The application on Halyard: a contract, two handlers, and the defaults of Halyard for all other options.
 * The servers for Node and for Bun import it.
 */
import { createWebSocketSystem } from "@halyard/server";
import type { AnyAuthenticator, Backplane } from "@halyard/server";
import { protocol } from "./contract.ts";
import { getUser, redisUrl, roomIn } from "./domain.ts";
import { raisedLimits } from "./raised-limits.ts";

const database = process.env["DATABASE"];

/** Reads the user from a session if the server has sessions, else from the URL. The room of a plain client is in the URL, too. */
const authenticate: AnyAuthenticator =
  database === undefined
    ? ({ url }) => ({
        user: {
          id: new URLSearchParams(url.split("?")[1]).get("user") ?? "anonymous",
          room: roomIn(url),
        },
      })
    : await readSessions(database);

const system = createWebSocketSystem({
  protocol,
  authenticate,
  authorize: () => true,
  onConnect: ({ ws, user }): void => {
    if ("room" in user && typeof user.room === "string") void manager.join(ws, user.room);
  },
  limits: raisedLimits,
  ...(redisUrl === undefined ? {} : { backplane: await onRedis(redisUrl) }),
});

export const { manager } = system;

system.handlers
  .on("post", ({ text }) => {
    // The handler does not wait for the publish, as those of the peers do not.
    void manager.broadcastMessage({ type: "posted", text });
  })
  .on("direct", ({ to, content }, { user, messageId: id }) => {
    const from = { userId: user.id };
    void manager.sendToUser(to, {
      ...{ type: "direct_message", id, content, from, sentAt: new Date().toISOString() },
    });
  })
  .onRequest("get_user", (input) => getUser(input));

/** Imports the Redis package only for a node of a cluster, because it must not count as memory of other servers. */
async function onRedis(url: string): Promise<Backplane> {
  const { redisBackplane } = await import("@halyard/redis");
  return redisBackplane({ url });
}

/** Imports Better Auth only for a server with sessions, because it must not count as memory of other servers. */
async function readSessions(file: string): Promise<AnyAuthenticator> {
  const { betterAuthAuthenticator } = await import("@halyard/better-auth");
  const { createAuth } = await import("./better-auth.ts");
  return betterAuthAuthenticator(await createAuth(file));
}
