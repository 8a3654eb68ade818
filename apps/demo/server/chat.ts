import { betterAuthAuthenticator } from "@halyard/better-auth";
import { CloseCode, HalyardError } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import type { Backplane, Logger } from "@halyard/server";
import { MAX_CONTENT_LENGTH, PAGE_SIZE } from "../shared/constants.ts";
import { protocol } from "../shared/protocol.ts";
import type { Auth } from "./auth.ts";
import type { MessageStore } from "./message-store.ts";
import type { RoomStore } from "./room-store.ts";

export interface ChatOptions {
  readonly auth: Auth;
  readonly messages: MessageStore;
  readonly rooms: RoomStore;
  /** What this node is called, where there are several. */
  readonly nodeName: string | undefined;
  /** @default this node alone */
  readonly backplane: Backplane | undefined;
  readonly logger: Logger;
  readonly onError: (error: unknown) => void;
}

/** The whole of the chat: who gets in, who may do what, what is kept, and the demo's own messages. */
export function createChat({ auth, messages, rooms, nodeName, backplane, logger, onError }: ChatOptions) {
  const { manager, handlers } = createWebSocketSystem({
    protocol,
    backplane,
    authenticate: betterAuthAuthenticator(auth, { logger }),
    // Everyone who is signed in may use every room that exists. `all` carries presence and announcements.
    authorize: ({ action, room }) => (room === "all" ? action !== "publish" : rooms.has(room)),
    builtIns: { chat: "rooms", typing: "rooms", presence: "all" },
    chat: {
      beforePublish({ content }, { user, room, messageId }) {
        if (room === undefined || !rooms.has(room))
          throw new HalyardError("not_found", "There is no such room.");
        if (!content.trim()) throw new HalyardError("invalid_message", "The message is empty.");
        if (content.length > MAX_CONTENT_LENGTH)
          throw new HalyardError("payload_too_large", "The message is too long.");
        const from = { userId: user.id, name: user.name };
        messages.add(room, { id: messageId, content, from, sentAt: new Date().toISOString() });
      },
    },
    logger,
    onError,
  });

  handlers.onRequest("list_rooms", () => rooms.list());
  handlers.onRequest("create_room", async ({ name }) => {
    const outcome = rooms.create(name);
    if (outcome === "full")
      throw new HalyardError("limit_exceeded", "There are as many rooms as the demo holds.");
    if (outcome === "created") await manager.broadcastMessage({ type: "room_created", name });
    return { name };
  });
  handlers.onRequest("load_history", ({ room, before }) => messages.page({ room, before, limit: PAGE_SIZE }));
  handlers.onRequest("announce", async ({ message }) => {
    const { id } = await manager.broadcastMessage({ type: "announcement", message });
    return { id };
  });
  handlers.onRequest("which_node", () => ({ name: nodeName }));
  handlers.onRequest("kick", async ({ userId }) => {
    if (!(await isOnline(userId))) throw new HalyardError("not_found", "They are not connected any more.");
    await manager.sendToUser(userId, { type: "kicked" });
    await manager.disconnectUser(userId, { reason: "kicked" });
    return {};
  });
  // A ban needs nothing here: it is Better Auth's, and the authenticator closes whatever the banned have open.

  // The close that a draining server sends: a client may come back, and the reason tells it when. The four seconds
  // are for the eye; without them it would be back before a user saw it go.
  handlers.on("cut_connection", (_message, { ws }) => ws.close(CloseCode.Draining, "retryAfterMs=4000"));

  return manager;

  /** On whatever node: `connectedUsers` knows those of this one. */
  async function isOnline(userId: string): Promise<boolean> {
    let cursor: string | undefined;
    do {
      const page = await manager.listUsers({ cursor });
      if (page.users.some((user) => user.userId === userId)) return true;
      ({ cursor } = page);
    } while (cursor !== undefined);
    return false;
  }
}
