import { betterAuthAuthenticator } from "@halyard/better-auth";
import { CloseCode, HalyardError } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import type { Backplane, Logger, WebSocketManager } from "@halyard/server";
import { KICKED, MAX_CONTENT_LENGTH, PAGE_SIZE } from "../shared/constants.ts";
import { protocol } from "../shared/protocol.ts";
import { isVisible } from "../shared/text.ts";
import { browserName } from "./devices/browser-name.ts";
import type { DeviceStore } from "./devices/device-store.ts";
import type { AnnouncementStore } from "./announcement-store.ts";
import type { Auth } from "./auth.ts";
import type { MessageStore } from "./message-store.ts";
import type { ReadStore } from "./read-store.ts";
import type { RoomStore } from "./room-store.ts";

export interface ChatOptions {
  readonly auth: Auth;
  readonly stores: ChatStores;
  readonly devices: DeviceStore;
  /** The name of this node; undefined if there is only one. */
  readonly nodeName: string | undefined;
  /** @default memory: there is only one node */
  readonly backplane: Backplane | undefined;
  readonly logger: Logger;
  readonly onError: (error: unknown) => void;
}

/** The stores of the chat in the database. */
interface ChatStores {
  readonly messages: MessageStore;
  readonly rooms: RoomStore;
  readonly reads: ReadStore;
  readonly announcements: AnnouncementStore;
  readonly rolesOf: (userIds: readonly string[]) => { userId: string; role: "admin" | "guest" }[];
}

/** Creates the chat: authentication, authorization, storage, and the messages of the demo. */
export function createChat(options: ChatOptions) {
  const system = createSystem(options);
  addHandlers(system, options);
  return system.manager;
}

function createSystem({ auth, stores, devices, backplane, logger, onError }: ChatOptions) {
  const { messages, rooms } = stores;
  const system = createWebSocketSystem({
    protocol,
    backplane,
    authenticate: betterAuthAuthenticator(auth, { logger }),
    // Every signed-in user may use every existing room. The channel `all` has presence and announcements.
    authorize: ({ action, room }) => (room === "all" ? action !== "publish" : rooms.has(room)),
    builtIns: { chat: "rooms", typing: "rooms", presence: "all" },
    chat: {
      beforePublish({ content }, { user, room, messageId }) {
        if (room === undefined || !rooms.has(room))
          throw new HalyardError("not_found", "There is no such room.");
        if (!isVisible(content)) throw new HalyardError("invalid_message", "The message is empty.");
        if (content.length > MAX_CONTENT_LENGTH)
          throw new HalyardError("payload_too_large", "The message is too long.");
        const from = { userId: user.id, name: user.name };
        messages.add(room, { id: messageId, content, from, sentAt: new Date().toISOString() });
      },
    },
    async onConnect({ user, session, connectionId }) {
      devices.add(user.id, { id: connectionId, browser: browserName(session.userAgent) });
      await sendDevices(user.id);
    },
    async onDisconnect({ user, connectionId }) {
      devices.remove(connectionId);
      await sendDevices(user.id);
    },
    logger,
    onError,
  });

  /** Sends the list of the open tabs of a user to these tabs, and their number to all users. */
  async function sendDevices(userId: string): Promise<void> {
    const own = devices.list(userId);
    await system.manager.sendToUser(userId, { type: "devices", devices: own });
    await system.manager.broadcastMessage({ type: "tabs", userId, tabs: own.length });
  }

  return system;
}

function addHandlers({ manager, handlers }: ReturnType<typeof createSystem>, options: ChatOptions): void {
  const { stores, devices, nodeName } = options;
  const { messages, rooms, reads, announcements } = stores;
  handlers.onRequest("list_rooms", (_, { user }) => reads.unreadOf(user.id, rooms.list()));
  handlers.onRequest("create_room", async ({ name }) => {
    const outcome = rooms.create(name);
    if (outcome === "full")
      throw new HalyardError("limit_exceeded", "The demo has no space for another room.");
    if (outcome === "created") await manager.broadcastMessage({ type: "room_created", name });
    return { name };
  });
  handlers.onRequest("load_history", ({ before }, { room }) =>
    messages.page({ room, before, limit: PAGE_SIZE }),
  );
  handlers.on("mark_read", async ({ messageId }, { room, user }) => {
    if (!reads.markRead(user.id, room, messageId)) return;
    await manager.sendToUser(user.id, { type: "read_position", room, messageId });
  });
  handlers.onRequest("list_roles", ({ userIds }) => stores.rolesOf(userIds));
  handlers.onRequest("latest_announcement", () => announcements.latest());
  handlers.onRequest("announce", async ({ message }) => {
    const { id } = await manager.broadcastMessage({ type: "announcement", message });
    announcements.add({ id, message });
    return { id };
  });
  handlers.onRequest("list_devices", (_, { user, connectionId }) => ({
    connectionId,
    devices: devices.list(user.id),
  }));
  handlers.onRequest("count_tabs", () => devices.countTabs());
  handlers.onRequest("which_node", () => ({ name: nodeName }));
  handlers.onRequest("kick", async ({ userId }) => {
    if (!(await isOnline(manager, userId)))
      throw new HalyardError("not_found", "This user is no longer connected.");
    await manager.disconnectUser(userId, { reason: KICKED });
    return {};
  });
  // The close that a draining server sends. Its reason tells the client to return after four seconds, so that the user notices it.
  handlers.on("cut_connection", (_message, { ws }) => ws.close(CloseCode.Draining, "retryAfterMs=4000"));
}

/** Whether a user is online on any node. */
async function isOnline(manager: Pick<WebSocketManager, "listUsers">, userId: string): Promise<boolean> {
  let cursor: string | undefined;
  do {
    const page = await manager.listUsers({ cursor });
    if (page.users.some((user) => user.userId === userId)) return true;
    ({ cursor } = page);
  } while (cursor !== undefined);
  return false;
}
