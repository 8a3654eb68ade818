/** Bun without a library: its own WebSocket server and its own topics. */
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message, Outbox, User } from "./application.ts";
import { hostname, port, roomIn } from "./domain.ts";

interface Data {
  readonly url: string;
  user?: User;
  outbox?: Outbox;
}

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
        room: room === undefined ? undefined : { name: room, toMembers: (message) => toRoom(room, message) },
      };
      ws.data.user = onOpen(ws.data.url, ws.data.outbox);
    },
    message({ data: { user, outbox } }, message) {
      if (user && outbox) onMessage(message, user, outbox);
    },
    close({ data: { user } }) {
      if (user) onClose(user, { toOthers: (message) => server.publish("all", JSON.stringify(message)) });
    },
  },
});

function toRoom(room: string, message: Message): void {
  server.publish(`room:${room}`, JSON.stringify(message));
}
