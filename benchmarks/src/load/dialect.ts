/**
 * The dialects of the kinds of servers: the URL of an upgrade, and the texts of the messages.
 * The list of servers chooses the dialect of a server; every workload uses it.
 */
import { randomBytes } from "node:crypto";
import { NUMBER } from "./frames.ts";

export type DialectName = "json" | "halyard" | "halyard.v1" | "socket.io";

/** The messages of the workloads in the format of one kind of server. */
export interface Dialect {
  /** The path and the additional headers of a user's upgrade. */
  readonly upgradeTarget: (info: ClientInfo) => {
    readonly path: string;
    readonly headers: readonly string[];
  };
  /** The text to send as soon as the connection is open. @default none */
  readonly firstMessages: (info: ClientInfo) => readonly string[];
  /** The number of text frames after which the server has welcomed a connection. */
  readonly framesUntilReady: (info: ClientInfo) => number;
  /** @param seq the number of the send on its connection, from 1 */
  readonly post: (text: string, seq: number) => string;
  /**
   * @param seq the number of the send; undefined for a send without a receipt
   * @param info the room of the message; without a room it is for all
   */
  readonly chat: (content: string, seq: number | undefined, info: ClientInfo) => string;
  /** A message to one user. */
  readonly direct: (to: string, content: string) => string;
  readonly typing: (info: ClientInfo) => string;
  /** A request with {@link NUMBER} as its id. */
  readonly getUser: string;
  /** The text after which the server announces this user to all others; undefined for a server that always does. */
  readonly announce: string | undefined;
  /** The reply to a heartbeat, which is a text frame of one character. */
  readonly heartbeatReply: string | undefined;
}

export interface ClientInfo {
  readonly user: string;
  readonly room: string | undefined;
  readonly clientId: string;
}

const input = { user: 7, fields: ["name", "tags"] };

const inRoom = (room: string | undefined): string => (room === undefined ? "" : `&room=${room}`);

const json: Dialect = {
  upgradeTarget: ({ user, room }) => ({ path: `/ws?user=${user}${inRoom(room)}`, headers: [] }),
  firstMessages: () => [],
  framesUntilReady: () => 2,
  post: (text) => JSON.stringify({ type: "post", text }),
  chat: (content, seq) => JSON.stringify({ type: "chat", seq, content }),
  direct: (to, content) => JSON.stringify({ type: "direct", to, content }),
  typing: () => JSON.stringify({ type: "typing", isTyping: true }),
  getUser: JSON.stringify({ type: "get_user", id: `r${NUMBER}`, input }),
  announce: JSON.stringify({ type: "announce" }),
  heartbeatReply: undefined,
};

/** A plain client of Halyard: no subprotocol, no hello, no receipts. */
const halyard: Dialect = {
  ...json,
  chat: (content, _, { room }) =>
    JSON.stringify({ type: "chat_message", content, ...(room && { $: { ch: `room:${room}` } }) }),
  typing: ({ room }) =>
    JSON.stringify({ type: "typing_indicator", isTyping: true, ...(room && { $: { ch: `room:${room}` } }) }),
  getUser: JSON.stringify({ type: "request", name: "get_user", input, $: { id: `r${NUMBER}` } }),
  announce: undefined,
};

/** The subprotocol of Halyard's own client: hello, numbered sends, receipts. */
const halyardV1: Dialect = {
  ...halyard,
  upgradeTarget: ({ user, clientId }) => ({
    path: `/ws?user=${user}&c=${clientId}&a=1`,
    headers: ["Sec-WebSocket-Protocol: halyard.v1"],
  }),
  firstMessages: ({ clientId, room }) => [
    JSON.stringify({ type: "hello", clientId, attempt: 1, ...(room === undefined ? {} : { rooms: [room] }) }),
  ],
  framesUntilReady: ({ room }) => (room === undefined ? 2 : 3),
  post: (text, seq) => JSON.stringify({ type: "post", text, $: { seq } }),
  chat: (content, seq, { room }) =>
    JSON.stringify({ type: "chat_message", content, $: { seq, ...(room && { ch: `room:${room}` }) } }),
};

const socketIo: Dialect = {
  upgradeTarget: ({ user, room }) => ({
    path: `/socket.io/?EIO=4&transport=websocket&user=${user}${inRoom(room)}`,
    headers: [],
  }),
  firstMessages: () => ["40"],
  framesUntilReady: () => 4,
  post: (text) => `42${JSON.stringify(["post", { text }])}`,
  chat: (content, seq) => `42${String(seq ?? "")}${JSON.stringify(["chat", { seq, content }])}`,
  direct: (to, content) => `42${JSON.stringify(["direct", { to, content }])}`,
  typing: () => `42${JSON.stringify(["typing", { isTyping: true }])}`,
  getUser: `42${NUMBER}${JSON.stringify(["get_user", { input }])}`,
  announce: `42${JSON.stringify(["announce", {}])}`,
  heartbeatReply: "3",
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
