/** Socket.IO on several nodes, with one of its three adapters for Redis. The room of a client is in its URL. */
import { createServer } from "node:http";
import { createClient } from "@redis/client";
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Server } from "socket.io";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { hostname, port, redisUrl } from "./domain.ts";

const adapters = { pubsub: createAdapter, sharded: createShardedAdapter };
const kind = process.env["ADAPTER"] ?? "pubsub";
const options = { url: redisUrl ?? "", RESP: 2 } as const;
const [one, two] = [createClient(options), createClient(options)];
await Promise.all([one.connect(), two.connect()]);
const adapter =
  kind === "streams" ? createStreamsAdapter(one) : adapters[kind as keyof typeof adapters](one, two);

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, adapter });

io.on("connection", (socket) => {
  const { room } = socket.handshake.query;
  if (typeof room === "string") void socket.join(room);
  const all = typeof room === "string" ? io.to(room) : io;
  const outbox = {
    reply: (message: Message) => socket.emit(message.type, message),
    toAll: (message: Message) => all.emit(message.type, message),
    toOthers: (message: Message) => socket.broadcast.emit(message.type, message),
  };
  const user = onOpen(socket.handshake.url, outbox);
  for (const type of ["post", "chat"]) {
    socket.on(type, (message: object, acknowledge?: (reply: Message) => void) =>
      onMessage({ ...message, type }, user, acknowledge ? { ...outbox, reply: acknowledge } : outbox),
    );
  }
  socket.on("disconnect", () => onClose(user, outbox));
});
http.listen({ port, host: hostname, backlog: 1024 });
