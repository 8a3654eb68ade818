import { redisBackplane } from "@halyard/redis";
import { createAnnouncementStore } from "./announcement-store.ts";
import type { Auth } from "./auth.ts";
import { createAuth, prepareAccounts } from "./auth.ts";
import { createChat } from "./chat.ts";
import type { Config } from "./config.ts";
import { openDatabase } from "./database.ts";
import { createFetch } from "./fetch.ts";
import { createLog } from "./log.ts";
import { createMessageStore } from "./message-store.ts";
import { loadPage } from "./page.ts";
import { createReadStore } from "./read-store.ts";
import { createRoomStore } from "./room-store.ts";
import { rolesOf } from "./user-store.ts";

export type Application = Awaited<ReturnType<typeof createApplication>>;

/** Everything that is the same on Node and on Bun; the two entries only listen. */
export async function createApplication(config: Config) {
  const database = await openDatabase(config.databasePath);
  const auth: Auth = createAuth(config, database);
  await prepareAccounts(auth, config, database);
  const manager = createChat({
    auth,
    stores: {
      messages: createMessageStore(database),
      rooms: createRoomStore(database),
      reads: createReadStore(database),
      announcements: createAnnouncementStore(database),
      rolesOf: (userIds) => rolesOf(database, userIds),
    },
    nodeName: config.nodeName,
    backplane: config.redisUrl === undefined ? undefined : redisBackplane({ url: config.redisUrl }),
    logger: createLog((line) => process.stdout.write(line)),
    onError: (error) =>
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
  });
  return {
    config,
    manager,
    fetch: createFetch({ config, authHandler: auth.handler, page: loadPage(config) }),
    close: () => database.close(),
  };
}
