// How frames are written to a socket of Bun.
// Called for each server of Bun, once: a topic reaches the sockets of its server only.
import { corkingTransport } from "../delivery/socket-transports.ts";
import { TopicBroadcaster } from "../delivery/topic-broadcaster.ts";
import type { Transport } from "../delivery/transport.ts";
import type { WebSocketInstance } from "../types.ts";
import type { BunServer } from "./bun-server.ts";

interface BunSocket extends WebSocketInstance {
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
}

/** For Bun's own sockets: corked writes, and pings whose pongs arrive at `websocket.pong`. */
const bunTransport: Transport = {
  ...corkingTransport,
  ping: (ws) => {
    (ws as WebSocketInstance & { ping(): unknown }).ping();
  },
  terminate: (ws) => {
    (ws as WebSocketInstance & { terminate(): void }).terminate();
  },
};

/** @param name of no other system on this server: topics are the server's */
export function transportOf(server: BunServer, name: string): Transport {
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
