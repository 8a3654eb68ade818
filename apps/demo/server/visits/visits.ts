import { CloseCode } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import type { Backplane, Logger } from "@halyard/server";
import type { DeviceStore } from "../devices/device-store.ts";
import { browserName } from "../devices/browser-name.ts";
import { GUESTS, MAX_TABS } from "../../shared/visit.ts";
import { visitProtocol } from "../../shared/visit-protocol.ts";
import type { LineStore } from "./line-store.ts";
import type { SignOuts } from "./sign-outs.ts";
import type { VisitTickets } from "./visit-tickets.ts";
import { visitorName } from "./visitor-name.ts";

export interface VisitsOptions {
  readonly tickets: VisitTickets;
  readonly lines: LineStore;
  readonly signOuts: SignOuts;
  readonly devices: DeviceStore;
  /** The origins of the pages that may connect. */
  readonly origins: readonly string[];
  readonly nodeName: string | undefined;
  readonly backplane: Backplane | undefined;
  /** Ends this process at once; undefined if no supervisor would start it again. */
  readonly kill: (() => void) | undefined;
  readonly logger: Logger;
  readonly onError: (error: unknown) => void;
}

/** Creates the server side of the front page. A visitor needs a ticket and no account, and gets a room and a canvas. */
export function createVisits(visits: VisitsOptions) {
  const { tickets, lines, signOuts, devices, origins, nodeName, kill, ...options } = visits;
  const { manager, handlers } = createWebSocketSystem({
    protocol: visitProtocol,
    authenticate: ({ ticket = "", headers }) => {
      const visitor = tickets.read(ticket);
      if (visitor === undefined || signOuts.has(visitor.room)) return null;
      const browser = browserName(headers.get("user-agent"));
      return {
        user: { id: `${visitor.room}.${visitor.guest}`, name: visitorName(visitor), ...visitor, browser },
      };
    },
    allowedOrigins: origins,
    // A visitor may use the rooms of the ticket only, may show a cursor in the canvas but not publish there, and not publish to all.
    authorize: ({ action, room, user }) =>
      room === user.room ||
      (room === user.canvas ? action !== "publish" : room === "all" && action === "join"),
    builtIns: { chat: false, typing: "rooms", presence: "rooms" },
    // A reconnect replaces the earlier connection.
    maxConnectionsPerUser: MAX_TABS,
    // A ticket opens no socket after the visit, and the socket that it has opened ends with the visit.
    data: () => ({ timer: undefined as NodeJS.Timeout | undefined }),
    async onConnect({ user, connectionId, ws, data }) {
      data.timer = setTimeout(() => ws.close(CloseCode.Unauthenticated), user.expiresAt - Date.now());
      // A sign-out on another node may have come between the check of the ticket and this socket.
      if (signOuts.has(user.room)) return ws.close(CloseCode.Unauthenticated);
      devices.add(user.id, { id: connectionId, browser: user.browser });
      await sendDevices(user.id);
    },
    async onDisconnect({ user, connectionId, data }) {
      clearTimeout(data.timer);
      devices.remove(connectionId);
      await sendDevices(user.id);
    },
    ...options,
  });

  /** Sends the list of the open connections of a user to these connections only. */
  async function sendDevices(userId: string): Promise<void> {
    await manager.sendToUser(userId, { type: "devices", devices: devices.list(userId) });
  }

  handlers.on("line", async ({ number, text }, { user, room, messageId }) => {
    const writtenAt = new Date().toISOString();
    const line = lines.add(room, { id: messageId, from: user.guest, number, text, writtenAt });
    // The idempotency key keeps a line that is written again after a crash from a second publish.
    await manager.sendToRoom(room, { type: "line", ...line }, { idempotencyKey: `${user.guest}.${number}` });
  });
  handlers.on("sign_out", async (_message, { user }) => {
    signOuts.add(user.room);
    await Promise.all(GUESTS.map((guest) => manager.disconnectUser(`${user.room}.${guest}`)));
  });
  handlers.on("kill_server", () => kill?.());
  handlers.onRequest("history", (_input, { room }) => lines.list(room));
  handlers.onRequest("about_connection", (_input, { user, connectionId }) => ({
    node: nodeName,
    connectionId,
    devices: devices.list(user.id),
    canKill: kill !== undefined,
  }));

  return manager;
}
