import { redisBackplane } from "@halyard/redis";
import { createAnnouncementStore } from "./announcement-store.ts";
import type { Backplane } from "@halyard/server";
import type { Auth } from "./auth.ts";
import { createAuth, prepareAccounts } from "./auth.ts";
import { createChat } from "./chat.ts";
import type { Config } from "./config.ts";
import { openDatabase } from "./database.ts";
import { createDeviceStore } from "./devices/device-store.ts";
import { createFetch } from "./fetch.ts";
import { createKill } from "./kill-process.ts";
import { createLog } from "./log.ts";
import { createMessageStore } from "./message-store.ts";
import { loadPage } from "./page.ts";
import { createReadStore } from "./read-store.ts";
import { createRoomStore } from "./room-store.ts";
import { rolesOf } from "./user-store.ts";
import { keepSecret } from "./secret.ts";
import { createLineStore } from "./visits/line-store.ts";
import { createSignOuts } from "./visits/sign-outs.ts";
import { createStartVisit } from "./visits/start-visit.ts";
import { createVisitTickets } from "./visits/visit-tickets.ts";
import { createVisits } from "./visits/visits.ts";

export type Application = Awaited<ReturnType<typeof createApplication>>;

/** Creates the application, which is the same on Node and on Bun. */
export async function createApplication(config: Config) {
  const database = await openDatabase(config.databasePath);
  const auth: Auth = createAuth(config, database);
  await prepareAccounts(auth, config, database);
  const tickets = createVisitTickets(config.secret ?? keepSecret(config.databasePath));
  const lines = createLineStore(database);
  const signOuts = createSignOuts(database);
  const devices = createDeviceStore(database, { nodeName: config.nodeName });
  const both = {
    devices,
    nodeName: config.nodeName,
    logger: createLog((line) => process.stdout.write(line)),
    onError: (error: unknown) =>
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
  };
  const manager = createChat({
    ...both,
    auth,
    stores: {
      messages: createMessageStore(database),
      rooms: createRoomStore(database),
      reads: createReadStore(database),
      announcements: createAnnouncementStore(database),
      rolesOf: (userIds) => rolesOf(database, userIds),
    },
    backplane: backplaneOf(config, "halyard"),
  });
  const visits = createVisits({
    ...both,
    tickets,
    lines,
    signOuts,
    origins: [...config.ownOrigins, ...config.allowedOrigins],
    backplane: backplaneOf(config, "halyard-visits"),
    kill: config.isLocal && config.isSupervised ? createKill() : undefined,
  });
  const startVisit = createStartVisit({ tickets, lines, signOuts });
  return {
    config,
    manager,
    visits,
    fetch: createFetch({ config, authHandler: auth.handler, startVisit, page: loadPage(config) }),
    close: () => database.close(),
  };
}

function backplaneOf({ redisUrl }: Config, prefix: string): Backplane | undefined {
  return redisUrl === undefined ? undefined : redisBackplane({ url: redisUrl, prefix });
}
