/** Socket.IO without long-polling, which no benchmark uses. */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { compression, hostname, port } from "./domain.ts";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: compression });

io.on("connection", (socket) => {
  const { room } = socket.handshake.query;
  if (typeof room === "string") void socket.join(room);
  const outbox = {
    reply: (message: Message) => socket.emit(message.type, message),
    toAll: (message: Message) => io.emit(message.type, message),
    toOthers: (message: Message) => socket.broadcast.emit(message.type, message),
    toUser: (userId: string, message: Message) => io.to(`user:${userId}`).emit(message.type, message),
    room:
      typeof room === "string"
        ? {
            name: room,
            toMembers: (message: Message) => io.to(room).emit(message.type, message),
            toOtherMembers: (message: Message) => socket.to(room).emit(message.type, message),
          }
        : undefined,
  };
  const user = onOpen(socket.handshake.url, outbox);
  void socket.join(`user:${user.userId}`);
  for (const type of ["post", "chat", "direct", "typing", "get_user", "announce"]) {
    socket.on(type, (message: object, acknowledge?: (reply: Message) => void) =>
      onMessage({ ...message, type }, user, acknowledge ? { ...outbox, reply: acknowledge } : outbox),
    );
  }
  socket.on("disconnect", () => onClose(user, outbox));
});
http.listen({ port, host: hostname, backlog: 1024 });
