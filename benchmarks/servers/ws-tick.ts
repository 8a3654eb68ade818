/**
 * `ws` with the optimization of Halyard: a frame is encoded once, and all frames of one turn of the event loop are one write per
 * connection. For a broadcast this peer does the same work as Halyard.
 */
import { WebSocketServer } from "ws";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { hostname, port, roomIn } from "./domain.ts";
import { Client, push } from "./turn-writer.ts";

const server = new WebSocketServer({ port, host: hostname, path: "/ws", backlog: 1024 });
const clients = new Set<Client>();
const rooms = new Map<string, Set<Client>>();
const clientOf = new Map<string, Client>();

server.on("connection", (socket, request) => {
  const client = new Client(request.socket);
  const name = roomIn(request.url);
  const members = (name === undefined ? undefined : rooms.get(name)) ?? new Set();
  if (name !== undefined) rooms.set(name, members.add(client));
  const outbox = {
    reply: (message: Message) => push([client], JSON.stringify(message)),
    toAll: (message: Message) => push(clients, JSON.stringify(message)),
    toOthers: (message: Message) => push(clients, JSON.stringify(message), client),
    toUser: (userId: string, message: Message) => {
      const receiver = clientOf.get(userId);
      if (receiver !== undefined) push([receiver], JSON.stringify(message));
    },
    room: name === undefined ? undefined : { name, toMembers, toOtherMembers },
  };
  clients.add(client);
  const user = onOpen(request.url, outbox);
  clientOf.set(user.userId, client);
  socket.on("error", () => undefined);
  socket.on("message", (data) => onMessage((data as Buffer).toString(), user, outbox));
  socket.on("close", () => {
    members.delete(client);
    clientOf.delete(user.userId);
    if (clients.delete(client)) onClose(user, outbox);
  });

  function toMembers(message: Message): void {
    push(members, JSON.stringify(message));
  }

  function toOtherMembers(message: Message): void {
    push(members, JSON.stringify(message), client);
  }
});
