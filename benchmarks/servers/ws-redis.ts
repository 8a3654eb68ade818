/**
 * `ws` on several nodes without a library: a message goes to Redis pub/sub, and every node writes it to the connections of its room,
 * all frames of one turn at once. The server stores and recovers no message, so its cost of a delivery is a lower bound.
 */
import { createClient } from "@redis/client";
import { WebSocketServer } from "ws";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { hostname, port, redisUrl } from "./domain.ts";
import { Client, push } from "./turn-writer.ts";

const [publisher, subscriber] = [
  createClient({ url: redisUrl ?? "" }),
  createClient({ url: redisUrl ?? "" }),
];
await Promise.all([publisher.connect(), subscriber.connect()]);
const server = new WebSocketServer({ port, host: hostname, path: "/ws", backlog: 1024 });
const rooms = new Map<string, Set<Client>>();

server.on("connection", (socket, request) => {
  const client = new Client(request.socket);
  const room = new URLSearchParams(request.url?.split("?")[1]).get("room") ?? "all";
  const toAll = (message: Message): void => void publisher.publish(room, JSON.stringify(message));
  const outbox = {
    reply: (message: Message) => push([client], JSON.stringify(message)),
    toAll,
    toOthers: toAll,
  };
  join(room, client);
  const user = onOpen(request.url, outbox);
  socket.on("error", () => undefined);
  socket.on("message", (data) => onMessage((data as Buffer).toString(), user, outbox));
  socket.on("close", () => {
    rooms.get(room)?.delete(client);
    onClose(user, outbox);
  });
});

function join(room: string, client: Client): void {
  const members = rooms.get(room);
  if (members !== undefined) {
    members.add(client);
    return;
  }
  const joined = new Set([client]);
  rooms.set(room, joined);
  void subscriber.subscribe(room, (text) => push(joined, text));
}
