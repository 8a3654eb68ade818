/**
 * `ws` with the optimization that Halyard has: a frame is encoded once, and all frames of one turn of the event loop are
 * one write per connection. The fairest peer for a broadcast.
 */
import type { Socket } from "node:net";
import * as ws from "ws";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { hostname, port, roomIn } from "./domain.ts";

const { Sender } = ws as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } };
const server = new ws.WebSocketServer({ port, host: hostname, path: "/ws", backlog: 1024 });
const clients = new Set<Client>();
const rooms = new Map<string, Set<Client>>();
const clientOf = new Map<string, Client>();
let withQueue: Client[] = [];
type Client = { readonly socket: Socket; queue: Buffer[] };

server.on("connection", (socket, request) => {
  const client: Client = { socket: request.socket, queue: [] };
  const name = roomIn(request.url);
  const members = (name === undefined ? undefined : rooms.get(name)) ?? new Set();
  if (name !== undefined) rooms.set(name, members.add(client));
  const outbox = {
    reply: (message: Message) => push([client], message),
    toAll: (message: Message) => push(clients, message),
    toOthers: (message: Message) => push(clients, message, client),
    toUser: (userId: string, message: Message) => {
      const receiver = clientOf.get(userId);
      if (receiver !== undefined) push([receiver], message);
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
    push(members, message);
  }

  function toOtherMembers(message: Message): void {
    push(members, message, client);
  }
});
function push(receivers: Iterable<Client>, message: Message, except?: Client): void {
  const data = Buffer.from(JSON.stringify(message));
  const frame = Buffer.concat(Sender.frame(data, { fin: true, opcode: 1, readOnly: false }));
  for (const client of receivers)
    if (client !== except && client.queue.push(frame) === 1 && withQueue.push(client) === 1)
      setImmediate(flush);
}
function flush(): void {
  for (const { socket, queue } of withQueue)
    socket.write(queue.length === 1 ? (queue[0] ?? "") : Buffer.concat(queue));
  for (const client of withQueue) client.queue = [];
  withQueue = [];
}
