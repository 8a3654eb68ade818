// The program of a server of a soak, which `ServerProcess` starts and kills.
// The server sends an announcement to all every second, and one to a user after every twentieth chat message of the soak.
// It writes each handled and each stored message to its log at once, because it may be killed at any time. On Redis it also writes
// each message that it receives or reads: the node that stored the message may be killed before its own line is written.
import { HalyardError } from "@halyard/protocol";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { redisBackplane } from "@halyard/redis";
import { createMemoryBackplane, createWebSocketSystem } from "@halyard/server";
import type { Backplane, BackplaneHandlers, LogEntry } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { readInput, serveParent } from "../support/child.ts";
import { LogWriter, recordFaults } from "./log.ts";
import { protocol } from "./protocol.ts";
import type { ServerInput, ServerStats } from "./server-process.ts";
import { HEARTBEAT_MS, SILENCE_MS } from "./timing.ts";

const ANNOUNCE_MS = 1_000;
/** The sender of every 20th chat message gets an announcement on all devices. */
const NOTIFY_EVERY = 20;

const { port, log: path, name: node, chatPerSecond, redis } = readInput<ServerInput>();
const log = new LogWriter(path, 0);
const recordFault = recordFaults(log, node);

let chats = 0;
const { manager, handlers } = createWebSocketSystem({
  protocol,
  authenticate: ({ url }) => ({ user: { id: new URLSearchParams(url.split("?")[1]).get("u") ?? "" } }),
  authorize: () => true,
  backplane: withRecordedMessages(
    redis === undefined ? createMemoryBackplane() : redisBackplane({ url: redis }),
  ),
  limits: { heartbeatMs: HEARTBEAT_MS, silenceMs: SILENCE_MS, chatPerSecond, chatBurst: 2 * chatPerSecond },
  // No warnings: the soak causes them on purpose.
  logger: false,
  // Without Redis, hooks and handlers fail with `unavailable`. Only another error is a fault.
  onError: (error) => {
    if (redis === undefined || !isUnavailable(error)) recordFault(error);
  },
  chat: {
    beforePublish: (_message, { messageId, user }) => {
      log.write({ type: "handled", node, id: messageId });
      if (++chats % NOTIFY_EVERY === 0)
        void manager.sendToUser(user.id, { type: "announcement", message: `you said ${messageId}` });
    },
  },
});
handlers.onRequest("echo", (text) => text);
const server = createServer();
attachWebSocketServer(server, { manager });
const announcements = setInterval(() => {
  void manager.broadcastMessage({ type: "announcement", message: `${node} is still here` });
}, ANNOUNCE_MS);

serveParent({
  listen: () =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    }),
  quiet: () => clearInterval(announcements),
  stats: async ({ rooms }: { readonly rooms: readonly string[] }): Promise<ServerStats> => ({
    connections: manager.getConnectionStats().totalConnections,
    users: await listed(undefined),
    rooms: Object.fromEntries(
      await Promise.all(rooms.map(async (room) => [room, await listed(room)] as const)),
    ),
    rssBytes: process.memoryUsage.rss(),
    handles: process.getActiveResourcesInfo().length,
  }),
});

async function listed(room: string | undefined): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await manager.listUsers({ room, cursor });
    ids.push(...page.users.map(({ userId }) => userId));
    ({ cursor } = page);
  } while (cursor !== undefined);
  return ids.sort();
}

function isUnavailable(error: unknown): boolean {
  return error instanceof HalyardError && error.code === "unavailable";
}

function withRecordedMessages(backplane: Backplane): Backplane {
  if (redis !== undefined) recordReceived(backplane);
  const publish = backplane.publish.bind(backplane);
  backplane.publish = async (channel, data, options) => {
    const result = await publish(channel, data, options).catch((error: unknown) => {
      if (options.history !== false) {
        const { id = "" } = JSON.parse(data) as { readonly id?: string };
        log.write({ type: "unsettled", node, id });
      }
      throw error;
    });
    const { position, duplicate } = result;
    if (position === undefined || duplicate) return result;
    const { id } = JSON.parse(data) as { readonly id?: string };
    log.write({ type: "stored", channel, epoch: position.epoch, offset: position.off, id });
    return result;
  };
  return backplane;
}

function recordReceived(backplane: Backplane): void {
  const start = backplane.start.bind(backplane);
  const read = backplane.read.bind(backplane);
  const record = (channel: string, epoch: string, { offset, data }: LogEntry): void => {
    const { id } = JSON.parse(data) as { readonly id?: string };
    log.write({ type: "stored", channel, epoch, offset, id });
  };
  backplane.start = (handlers: BackplaneHandlers) =>
    start({
      ...handlers,
      onPublication: (publication) => {
        record(publication.channel, publication.epoch, publication);
        handlers.onPublication(publication);
      },
    });
  backplane.read = async (channel, page) => {
    const result = await read(channel, page);
    for (const entry of result.entries) record(channel, result.epoch, entry);
    return result;
  };
}
