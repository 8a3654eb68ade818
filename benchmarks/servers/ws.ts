/** `ws` as most applications use it: a loop that sends to each open connection. */
import { WebSocket, WebSocketServer } from "ws";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { compression, hostname, port, roomIn } from "./domain.ts";

const server = new WebSocketServer({
  ...{ port, host: hostname, path: "/ws", backlog: 1024 },
  perMessageDeflate: compression,
});
const rooms = new Map<string, Set<WebSocket>>();

server.on("connection", (ws, request) => {
  const room = roomIn(request.url);
  const members = room === undefined ? server.clients : (rooms.get(room) ?? new Set<WebSocket>());
  if (room !== undefined) rooms.set(room, members.add(ws));
  const outbox = {
    reply: (message: Message) => ws.send(JSON.stringify(message)),
    toAll: (message: Message) => {
      const text = JSON.stringify(message);
      for (const client of server.clients) if (client.readyState === WebSocket.OPEN) client.send(text);
    },
    toOthers: (message: Message) => {
      const text = JSON.stringify(message);
      for (const client of server.clients)
        if (client !== ws && client.readyState === WebSocket.OPEN) client.send(text);
    },
    room: room === undefined ? undefined : { name: room, toMembers },
  };
  const user = onOpen(request.url, outbox);
  ws.on("error", () => undefined);
  ws.on("message", (data) => onMessage((data as Buffer).toString(), user, outbox));
  ws.on("close", () => {
    if (room !== undefined) members.delete(ws);
    onClose(user, outbox);
  });

  function toMembers(message: Message): void {
    const text = JSON.stringify(message);
    for (const client of members) if (client.readyState === WebSocket.OPEN) client.send(text);
  }
});
