/** `ws` with a loop that sends a text to each open connection, as most applications have it. */
import { WebSocket, WebSocketServer } from "ws";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { compression, hostname, port, roomIn } from "./domain.ts";

const server = new WebSocketServer({
  ...{ port, host: hostname, path: "/ws", backlog: 1024 },
  perMessageDeflate: compression,
});
const rooms = new Map<string, Set<WebSocket>>();
const sockets = new Map<string, WebSocket>();

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
    toUser: (userId: string, message: Message) => sockets.get(userId)?.send(JSON.stringify(message)),
    room: room === undefined ? undefined : { name: room, toMembers, toOtherMembers },
  };
  const user = onOpen(request.url, outbox);
  sockets.set(user.userId, ws);
  ws.on("error", () => undefined);
  ws.on("message", (data) => onMessage((data as Buffer).toString(), user, outbox));
  ws.on("close", () => {
    if (room !== undefined) members.delete(ws);
    sockets.delete(user.userId);
    onClose(user, outbox);
  });

  function toMembers(message: Message): void {
    const text = JSON.stringify(message);
    for (const client of members) if (client.readyState === WebSocket.OPEN) client.send(text);
  }

  function toOtherMembers(message: Message): void {
    const text = JSON.stringify(message);
    for (const client of members)
      if (client !== ws && client.readyState === WebSocket.OPEN) client.send(text);
  }
});
