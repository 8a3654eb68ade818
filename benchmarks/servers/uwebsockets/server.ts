/** uWebSockets.js with its topics. Bundled before the start, because Node 20 cannot run TypeScript. */
import { createRequire } from "node:module";
import { onClose, onMessage, onOpen } from "../application.ts";
import type { Outbox, User } from "../application.ts";
import { hostname, port, roomIn } from "../domain.ts";
import { joinTopics } from "../topics.ts";
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
    data.outbox = joinTopics(ws, { server: app, sockets, room: roomIn(data.url) });
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
