/** Hono on Node with `@hono/node-ws`, which uses `ws`. It has no topics, so the server loops over all connections. */
import { serve } from "@hono/node-server";
import { createNodeWebSocket } from "@hono/node-ws";
import { Hono } from "hono";
import type { WSContext } from "hono/ws";
import { onClose, onMessage, onOpen } from "./application.ts";
import type { Message } from "./application.ts";
import { hostname, port } from "./domain.ts";

const app = new Hono();
const { injectWebSocket, upgradeWebSocket } = createNodeWebSocket({ app });
const sockets = new Set<WSContext>();

const events = upgradeWebSocket(({ req }) => {
  const own = { ws: undefined as WSContext | undefined, user: { userId: "", name: "", connectedAt: "" } };
  const outbox = {
    reply: (message: Message) => own.ws?.send(JSON.stringify(message)),
    toAll: (message: Message) => broadcast(message),
    toOthers: (message: Message) => broadcast(message, own.ws),
  };
  return {
    onOpen(_event, ws) {
      own.ws = ws;
      sockets.add(ws);
      own.user = onOpen(req.url, outbox);
    },
    onMessage: ({ data }) => onMessage(data, own.user, outbox),
    onClose: (_event, ws) => sockets.delete(ws) && onClose(own.user, outbox),
  };
});

function broadcast(message: Message, except?: WSContext): void {
  const text = JSON.stringify(message);
  for (const ws of sockets) if (ws !== except && ws.readyState === 1) ws.send(text);
}

injectWebSocket(serve({ fetch: app.get("/ws", events).fetch, hostname, port }));
