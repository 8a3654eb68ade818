/** Bun without a library: its WebSocket server and its topics. */
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Outbox, User } from "./application.ts";
import { hostname, port, roomIn } from "./domain.ts";
import { joinTopics } from "./topics.ts";

interface Data {
  readonly url: string;
  user?: User;
  outbox?: Outbox;
}

const sockets = new Map<string, Bun.ServerWebSocket<Data>>();

const server = Bun.serve({
  hostname,
  port,
  fetch: (request, server) =>
    server.upgrade(request, { data: { url: request.url } }) ? undefined : new Response(null, { status: 404 }),
  websocket: {
    data: {} as Data,
    open(ws) {
      ws.data.outbox = joinTopics(ws, { server, sockets, room: roomIn(ws.data.url) });
      ws.data.user = onOpen(ws.data.url, ws.data.outbox);
      sockets.set(ws.data.user.userId, ws);
    },
    message({ data: { user, outbox } }, message) {
      if (user && outbox) onMessage(message, user, outbox);
    },
    close({ data: { user } }) {
      if (user === undefined) return;
      sockets.delete(user.userId);
      onClose(user, { toOthers: (message) => server.publish("all", JSON.stringify(message)) });
    },
  },
});
