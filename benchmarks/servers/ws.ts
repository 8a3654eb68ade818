/** `ws` as most applications use it: a loop that sends to each open connection. */
import { WebSocket, WebSocketServer } from "ws";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { compression, hostname, port } from "./domain.ts";

const server = new WebSocketServer({
  ...{ port, host: hostname, path: "/ws", backlog: 1024 },
  perMessageDeflate: compression,
});

server.on("connection", (ws, request) => {
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
  };
  const user = onOpen(request.url, outbox);
  ws.on("error", () => undefined);
  ws.on("message", (data) => onMessage((data as Buffer).toString(), user, outbox));
  ws.on("close", () => onClose(user, outbox));
});
