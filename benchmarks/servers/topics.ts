/** The outbox of a connection on a server with topics, as Bun and uWebSockets.js have them. */
import type { Message, Outbox } from "./application.ts";

interface TopicServer {
  publish(topic: string, text: string): unknown;
}

export interface TopicSocket extends TopicServer {
  send(text: string): unknown;
  subscribe(topic: string): unknown;
}

interface TopicOptions {
  readonly server: TopicServer;
  readonly sockets: ReadonlyMap<string, Pick<TopicSocket, "send">>;
  readonly room: string | undefined;
}

/** Subscribes a connection to all messages and to those of its room. `publish` of a socket leaves out the socket itself. */
export function joinTopics(ws: TopicSocket, { server, sockets, room }: TopicOptions): Outbox {
  ws.subscribe("all");
  const outbox: Outbox = {
    reply: (message: Message) => ws.send(JSON.stringify(message)),
    toAll: (message: Message) => server.publish("all", JSON.stringify(message)),
    toOthers: (message: Message) => ws.publish("all", JSON.stringify(message)),
    toUser: (userId: string, message: Message) => sockets.get(userId)?.send(JSON.stringify(message)),
  };
  if (room === undefined) return outbox;
  const topic = `room:${room}`;
  ws.subscribe(topic);
  return {
    ...outbox,
    room: {
      name: room,
      toMembers: (message) => server.publish(topic, JSON.stringify(message)),
      toOtherMembers: (message) => ws.publish(topic, JSON.stringify(message)),
    },
  };
}
