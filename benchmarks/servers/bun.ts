/** Bun without a library: its own WebSocket server and its own topics. */
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message, Outbox, User } from "./application.ts";
import { hostname, port, roomIn } from "./domain.ts";

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
      ws.subscribe("all");
      const room = roomIn(ws.data.url);
      if (room !== undefined) ws.subscribe(`room:${room}`);
      ws.data.outbox = {
        reply: (message: Message) => ws.send(JSON.stringify(message)),
        toAll: (message: Message) => server.publish("all", JSON.stringify(message)),
        toOthers: (message: Message) => ws.publish("all", JSON.stringify(message)),
        toUser: (userId: string, message: Message) => sockets.get(userId)?.send(JSON.stringify(message)),
        room:
          room === undefined
            ? undefined
            : {
                name: room,
                toMembers: (message) => server.publish(`room:${room}`, JSON.stringify(message)),
                toOtherMembers: (message) => ws.publish(`room:${room}`, JSON.stringify(message)),
              },
      };
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
