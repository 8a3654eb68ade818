/** uWebSockets.js with its own topics. Bundled before it starts, because its Node 20 reads no TypeScript. */
import { createRequire } from "node:module";
import { onClose, onMessage, onOpen } from "../application.ts";
import type { Message, Outbox, User } from "../application.ts";
import { hostname, port, roomIn } from "../domain.ts";
import type { UWebSockets } from "./uwebsockets.ts";

type Data = { readonly url: string; user?: User; outbox?: Outbox };
const uWS = createRequire(import.meta.url)("uwebsockets") as UWebSockets;

const sockets = new Map<string, { send(text: string): void }>();

const app = uWS.App().ws<Data>("/ws", {
  maxBackpressure: 1024 * 1024,
  upgrade(response, request, context) {
    const headers = ["key", "protocol", "extensions"].map((name) =>
      request.getHeader(`sec-websocket-${name}`),
    );
    const [key = "", protocol = "", extensions = ""] = headers;
    response.upgrade<Data>({ url: `?${request.getQuery()}` }, key, protocol, extensions, context);
  },
  open(ws) {
    const data = ws.getUserData();
    ws.subscribe("all");
    const room = roomIn(data.url);
    if (room !== undefined) ws.subscribe(`room:${room}`);
    data.outbox = {
      reply: (message: Message) => ws.send(JSON.stringify(message)),
      toAll: (message: Message) => app.publish("all", JSON.stringify(message)),
      toOthers: (message: Message) => ws.publish("all", JSON.stringify(message)),
      toUser: (userId: string, message: Message) => sockets.get(userId)?.send(JSON.stringify(message)),
      room:
        room === undefined
          ? undefined
          : {
              name: room,
              toMembers: (message) => app.publish(`room:${room}`, JSON.stringify(message)),
              toOtherMembers: (message) => ws.publish(`room:${room}`, JSON.stringify(message)),
            },
    };
    data.user = onOpen(data.url, data.outbox);
    sockets.set(data.user.userId, ws);
  },
  message(ws, bytes) {
    const { user, outbox } = ws.getUserData();
    if (user && outbox) onMessage(Buffer.from(bytes).toString(), user, outbox);
  },
  close(ws) {
    const { user } = ws.getUserData();
    if (user === undefined) return;
    sockets.delete(user.userId);
    onClose(user, { toOthers: (message) => app.publish("all", JSON.stringify(message)) });
  },
});

app.listen(hostname, port, () => undefined);
