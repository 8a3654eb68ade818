import { randomBytes } from "node:crypto";
import { NUMBER } from "./frames.ts";

export type DialectName = "json" | "halyard" | "halyard.v1" | "socket.io";

/** How a kind of server is spoken to. The messages are the same; what is around them is not. */
export interface Dialect {
  /** Where a user's connection is opened, and with which headers. */
  readonly target: (
    user: string,
    place: Place,
  ) => { readonly path: string; readonly headers: readonly string[] };
  /** What is said first, in answer to nothing. */
  readonly greeting: (place: Place) => readonly string[];
  /** Text frames that come before a connection is ready. */
  readonly readyAfter: (place: Place) => number;
  /** @param seq counts the sends of this connection, from 1 */
  readonly post: (text: string, seq: number) => string;
  /** @param place its room, if any, is where the message goes */
  readonly chat: (content: string, seq: number, place: Place) => string;
  readonly typing: (place: Place) => string;
  /** A request, with {@link NUMBER} for its id. */
  readonly lookUp: string;
  /** Tells the others that somebody came, where the server does not do it by itself. */
  readonly enter: string | undefined;
  /** A text frame of one character asks for this answer. */
  readonly heartbeat: string | undefined;
}

export interface Place {
  readonly room: string | undefined;
  readonly clientId: string;
}

const input = { user: 7, fields: ["name", "tags"] };

const json: Dialect = {
  target: (user) => ({ path: `/ws?user=${user}`, headers: [] }),
  greeting: () => [],
  readyAfter: () => 2,
  post: (text) => JSON.stringify({ type: "post", text }),
  chat: (content, seq) => JSON.stringify({ type: "chat", seq, content }),
  typing: () => JSON.stringify({ type: "typing", isTyping: true }),
  lookUp: JSON.stringify({ type: "look_up", id: `r${NUMBER}`, input }),
  enter: JSON.stringify({ type: "enter" }),
  heartbeat: undefined,
};

/** Text frames of a client without a subprotocol: no hello, no receipts. */
const halyard: Dialect = {
  ...json,
  chat: (content) => JSON.stringify({ type: "chat_message", content }),
  typing: () => JSON.stringify({ type: "typing_indicator", isTyping: true }),
  lookUp: JSON.stringify({ type: "request", name: "look_up", input, $: { id: `r${NUMBER}` } }),
  enter: undefined,
};

/** What Halyard's own client speaks: hello, numbered sends, receipts. */
const halyardV1: Dialect = {
  ...halyard,
  target: (user, { clientId }) => ({
    path: `/ws?user=${user}&c=${clientId}&a=1`,
    headers: ["Sec-WebSocket-Protocol: halyard.v1"],
  }),
  greeting: ({ clientId, room }) => [
    JSON.stringify({ type: "hello", clientId, attempt: 1, ...(room === undefined ? {} : { rooms: [room] }) }),
  ],
  readyAfter: ({ room }) => (room === undefined ? 2 : 3),
  post: (text, seq) => JSON.stringify({ type: "post", text, $: { seq } }),
  chat: (content, seq, { room }) =>
    JSON.stringify({ type: "chat_message", content, $: { seq, ...(room && { ch: `room:${room}` }) } }),
  typing: ({ room }) =>
    JSON.stringify({ type: "typing_indicator", isTyping: true, ...(room && { $: { ch: `room:${room}` } }) }),
};

const socketIo: Dialect = {
  target: (user) => ({ path: `/socket.io/?EIO=4&transport=websocket&user=${user}`, headers: [] }),
  greeting: () => ["40"],
  readyAfter: () => 4,
  post: (text) => `42${JSON.stringify(["post", { text }])}`,
  chat: (content, seq) => `42${String(seq)}${JSON.stringify(["chat", { seq, content }])}`,
  typing: () => `42${JSON.stringify(["typing", { isTyping: true }])}`,
  lookUp: `42${NUMBER}${JSON.stringify(["look_up", { input }])}`,
  enter: `42${JSON.stringify(["enter", {}])}`,
  heartbeat: "3",
};

export const dialects: Readonly<Record<DialectName, Dialect>> = {
  json,
  halyard,
  "halyard.v1": halyardV1,
  "socket.io": socketIo,
};

export function newClientId(): string {
  return randomBytes(16).toString("base64url");
}
