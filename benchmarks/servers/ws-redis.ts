/**
 * `ws` on several nodes by hand: a message goes to Redis pub/sub, and every node writes it to the connections of its room,
 * all frames of one turn at once. It stores nothing and recovers nothing: the floor of what a delivery costs.
 */
import type { Socket } from "node:net";
import { createClient } from "@redis/client";
import * as ws from "ws";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { hostname, port, redisUrl } from "./domain.ts";

const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } };
const [publisher, subscriber] = [
  createClient({ url: redisUrl ?? "" }),
  createClient({ url: redisUrl ?? "" }),
];
await Promise.all([publisher.connect(), subscriber.connect()]);
const server = new ws.WebSocketServer({ port, host: hostname, path: "/ws", backlog: 1024 });
type Client = { readonly socket: Socket; queue: Buffer[] };
const rooms = new Map<string, Set<Client>>();
let withQueue: Client[] = [];

server.on("connection", (socket, request) => {
  const client: Client = { socket: request.socket, queue: [] };
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

function push(receivers: Iterable<Client>, text: string): void {
  const frame = Buffer.concat(Sender.frame(Buffer.from(text), { fin: true, opcode: 1, readOnly: false }));
  for (const client of receivers)
    if (client.queue.push(frame) === 1 && withQueue.push(client) === 1) setImmediate(flush);
}

function flush(): void {
  for (const { socket, queue } of withQueue)
    socket.write(queue.length === 1 ? (queue[0] ?? "") : Buffer.concat(queue));
  for (const client of withQueue) client.queue = [];
  withQueue = [];
}
