import { createWebSocketSystem } from "@halyard/server";
import type { Backplane, Logger } from "@halyard/server";
import { GUESTS } from "../../shared/visit.ts";
import { visitProtocol } from "../../shared/visit-protocol.ts";
import type { LineStore } from "./line-store.ts";
import type { SignOuts } from "./sign-outs.ts";
import type { VisitTickets } from "./visit-tickets.ts";

export interface VisitsOptions {
  readonly tickets: VisitTickets;
  readonly lines: LineStore;
  readonly signOuts: SignOuts;
  /** The pages that may connect. */
  readonly origins: readonly string[];
  readonly nodeName: string | undefined;
  readonly backplane: Backplane | undefined;
  /** Ends this process at once; undefined where nothing would start it again. */
  readonly kill: (() => void) | undefined;
  readonly logger: Logger;
  readonly onError: (error: unknown) => void;
}

const NAMES = { you: "You", companion: "Grace" } as const;

/** The shop window's side of the server: a visitor needs a ticket and no account, and gets one room. */
export function createVisits(visits: VisitsOptions) {
  const { tickets, lines, signOuts, origins, nodeName, kill, ...options } = visits;
  const { manager, handlers } = createWebSocketSystem({
    protocol: visitProtocol,
    authenticate: ({ ticket = "" }) => {
      const visitor = tickets.read(ticket);
      if (visitor === undefined || signOuts.has(visitor.room)) return null;
      return { user: { id: `${visitor.room}.${visitor.guest}`, name: NAMES[visitor.guest], ...visitor } };
    },
    allowedOrigins: origins,
    // The room of the ticket, and no other. Nothing is ever published to all.
    authorize: ({ action, room, user }) => (room === "all" ? action === "join" : room === user.room),
    builtIns: { chat: false, typing: "rooms", presence: "rooms" },
    // One for each of the two guests. A reconnect takes the place of the connection before it.
    maxConnectionsPerUser: 1,
    ...options,
  });

  handlers.on("line", async ({ number, text }, { user, room, messageId }) => {
    const writtenAt = new Date().toISOString();
    const line = lines.add(room, { id: messageId, from: user.guest, number, text, writtenAt });
    // A line that is written again, after a crash, is published once all the same.
    await manager.sendToRoom(room, { type: "line", ...line }, { idempotencyKey: `${user.guest}.${number}` });
  });
  handlers.on("sign_out", async (_message, { user }) => {
    signOuts.add(user.room);
    await Promise.all(GUESTS.map((guest) => manager.disconnectUser(`${user.room}.${guest}`)));
  });
  handlers.on("kill_server", () => kill?.());
  handlers.onRequest("history", (_input, { room }) => lines.list(room));
  handlers.onRequest("about_connection", (_input, { user }) => ({
    node: nodeName,
    tabs: manager.wsInstances.get(user.id)?.size ?? 0,
    canKill: kill !== undefined,
  }));

  return manager;
}
