import { createServer } from "node:http";
import { Server } from "socket.io";
import { enter, leave, receive } from "./application.ts";
import type { Message } from "./application.ts";
import { compression, hostname, port } from "./domain.ts";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: compression });

io.on("connection", (socket) => {
  const doors = {
    reply: (message: Message) => socket.emit(message.type, message),
    everyone: (message: Message) => io.emit(message.type, message),
    others: (message: Message) => socket.broadcast.emit(message.type, message),
  };
  const user = enter(socket.handshake.url, doors);
  for (const type of ["post", "chat", "typing", "look_up", "enter"]) {
    socket.on(type, (message: object, acknowledge?: (reply: Message) => void) =>
      receive({ ...message, type }, user, acknowledge ? { ...doors, reply: acknowledge } : doors),
    );
  }
  socket.on("disconnect", () => leave(user, doors));
});
http.listen({ port, host: hostname, backlog: 1024 });
