/** The loop that everybody writes. */
import { WebSocket, WebSocketServer } from "ws";
import { enter, leave, receive } from "./application.ts";
import type { Message } from "./application.ts";
import { compression, hostname, port } from "./domain.ts";

const server = new WebSocketServer({
  ...{ port, host: hostname, path: "/ws", backlog: 1024 },
  perMessageDeflate: compression,
});

server.on("connection", (ws, request) => {
  const doors = {
    reply: (message: Message) => ws.send(JSON.stringify(message)),
    everyone: (message: Message) => {
      const text = JSON.stringify(message);
      for (const client of server.clients) if (client.readyState === WebSocket.OPEN) client.send(text);
    },
    others: (message: Message) => {
      const text = JSON.stringify(message);
      for (const client of server.clients)
        if (client !== ws && client.readyState === WebSocket.OPEN) client.send(text);
    },
  };
  const user = enter(request.url, doors);
  ws.on("error", () => undefined);
  ws.on("message", (data) => receive((data as Buffer).toString(), user, doors));
  ws.on("close", () => leave(user, doors));
});
