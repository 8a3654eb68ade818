/**
 * The application on Halyard: a contract, two handlers, and everything else as Halyard has it by default.
 * Imported by the servers for Node and for Bun.
 */
import { createWebSocketSystem } from "@halyard/server";
import type { AnyAuthenticator, Backplane } from "@halyard/server";
import { protocol } from "./contract.ts";
import { getUser, redisUrl, roomIn } from "./domain.ts";
import { raisedLimits } from "./raised-limits.ts";

const database = process.env["DATABASE"];

/** Reads the user from a session if the server has sessions, else from the URL; the room of a plain client, too. */
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
    // As the peers do it: the next message does not wait until this one is with everybody.
    void manager.broadcastMessage({ type: "posted", text });
  })
  .on("direct", ({ to, content }, { user, messageId: id }) => {
    const from = { userId: user.id };
    void manager.sendToUser(to, {
      ...{ type: "direct_message", id, content, from, sentAt: new Date().toISOString() },
    });
  })
  .onRequest("get_user", (input) => getUser(input));

/** Imported only here, for the same reason. */
async function onRedis(url: string): Promise<Backplane> {
  const { redisBackplane } = await import("@halyard/redis");
  return redisBackplane({ url });
}

/** Imports Better Auth only here: it must not count as memory of a server without sessions. */
async function readSessions(file: string): Promise<AnyAuthenticator> {
  const { betterAuthAuthenticator } = await import("@halyard/better-auth");
  const { createAuth } = await import("./better-auth.ts");
  return betterAuthAuthenticator(await createAuth(file));
}
