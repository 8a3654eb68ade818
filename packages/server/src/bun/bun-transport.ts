// Writes frames to Bun's sockets.
// Created once for each Bun server, because a topic reaches only the sockets of its own server.
import { corkingTransport } from "../delivery/socket-transports.ts";
import { TopicBroadcaster } from "../delivery/topic-broadcaster.ts";
import type { Transport } from "../delivery/transport.ts";
import type { WebSocketInstance } from "../types.ts";
import type { BunServer } from "./bun-server.ts";

interface BunSocket extends WebSocketInstance {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
}

/** Writes corked, and sends pings whose pongs arrive at `websocket.pong`. */
const bunTransport: Transport = {
  ...corkingTransport,
  ping: (ws) => {
    (ws as WebSocketInstance & { ping(): unknown }).ping();
  },
  terminate: (ws) => {
    (ws as WebSocketInstance & { terminate(): void }).terminate();
  },
};

/** @param name a prefix for topics that no other system on this server has, because systems share the server's topics */
export function bunTransportFor(server: BunServer, name: string): Transport {
  if (server.publish === undefined) return bunTransport;
  const topics = {
    subscribe: (ws: WebSocketInstance, topic: string) => {
      (ws as BunSocket).subscribe(topic);
    },
    unsubscribe: (ws: WebSocketInstance, topic: string) => {
      (ws as BunSocket).unsubscribe(topic);
    },
    publish: (topic: string, text: string) => {
      server.publish?.(topic, text);
    },
  };
  return { ...bunTransport, groupBroadcast: new TopicBroadcaster(topics, name) };
}
