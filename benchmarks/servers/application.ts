/**
 * The application of the peers: JSON messages, checked by zod, and a map of users. Every server except those of Halyard calls it.
 * A chat message and a direct message get a schema, a random id, a time, an author, an acknowledgement if they have a number, and a
 * place in a history of 1,000 messages of the room or the receiver. There are no offsets, recovery, deduplication or authorization.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { Direct, getUser, GetUser, Post } from "./domain.ts";

export interface User {
  readonly userId: string;
  readonly name: string;
  readonly connectedAt: string;
}

export interface Message {
  readonly [field: string]: unknown;
  readonly type: string;
}

/** The sends of one connection: to itself, to all, to all others, to a user, and to its room. */
export interface Outbox {
  reply(message: Message): void;
  toAll(message: Message): void;
  toOthers(message: Message): void;
  /** Sends to all connections of a user. @default direct messages go nowhere */
  toUser?(userId: string, message: Message): void;
  /** The room in the URL of the connection. @default none */
  readonly room?: Room | undefined;
}

export interface Room {
  readonly name: string;
  toMembers(message: Message): void;
  toOtherMembers(message: Message): void;
}

const ClientMessage = z.discriminatedUnion("type", [
  Post.extend({ type: z.literal("post") }),
  z.object({ type: z.literal("chat"), seq: z.int().optional(), content: z.string().min(1).max(65_536) }),
  Direct.extend({ type: z.literal("direct") }),
  z.object({ type: z.literal("typing"), isTyping: z.boolean() }),
  z.object({ type: z.literal("get_user"), id: z.string().optional(), input: GetUser }),
  z.object({ type: z.literal("announce") }),
]);

const users = new Map<string, User>();
const announced = new Set<string>();
const histories = new Map<string, Message[]>();
const MAX_HISTORY = 1_000;

/** Handles a new connection. The user is in its URL; an application would read the user from a session. */
export function onOpen(url: string | undefined, { reply }: Pick<Outbox, "reply">): User {
  const userId = new URLSearchParams(url?.split("?")[1]).get("user") ?? "anonymous";
  const user = { userId, name: userId, connectedAt: new Date().toISOString() };
  users.set(userId, user);
  reply({ type: "welcome", user });
  reply({ type: "user_list", users: firstUsers(), total: users.size });
  return user;
}

/** Handles a message. @param value a text, or the object that the framework has parsed */
export function onMessage(value: unknown, user: User, outbox: Outbox): void {
  const { reply, toAll, toOthers, toUser, room } = outbox;
  const { data: message } = ClientMessage.safeParse(typeof value === "string" ? parse(value) : value);
  switch (message?.type) {
    case "post":
      return toAll({ ...message, type: "posted" });
    case "direct": {
      const direct = { type: "direct_message", ...authored(message.content, user) };
      keep(`to ${message.to}`, direct);
      toUser?.(message.to, direct);
      return;
    }
    case "chat": {
      const { content, seq } = message;
      const chat = { type: "chat_message", ...authored(content, user) };
      if (room === undefined) toAll(chat);
      else {
        keep(room.name, chat);
        room.toMembers(chat);
      }
      if (seq !== undefined) reply({ type: "ack", seq, id: chat.id });
      return;
    }
    case "typing":
      return (room?.toOtherMembers ?? toOthers)({ ...message, userId: user.userId });
    case "get_user":
      return reply({ type: "reply", id: message.id, result: getUser(message.input) });
    case "announce":
      announced.add(user.userId);
      return toOthers({ type: "user_joined", users: [user], total: users.size });
    case undefined:
      return reply({ type: "error", code: "invalid_message" });
  }
}

/** Handles a closed connection. If its user was announced, all others get `user_left`. */
export function onClose({ userId }: User, { toOthers }: Pick<Outbox, "toOthers">): void {
  users.delete(userId);
  if (announced.delete(userId)) toOthers({ type: "user_left", userIds: [userId], total: users.size });
}

function authored(content: string, from: User) {
  return { id: randomUUID(), content, from, sentAt: new Date().toISOString() };
}

/** Stores a message in a history. @param receivers the name of a room, or `to` and a user id */
function keep(receivers: string, message: Message): void {
  let history = histories.get(receivers);
  if (history === undefined) histories.set(receivers, (history = []));
  if (history.push(message) > MAX_HISTORY) history.shift();
}

function firstUsers(): User[] {
  const first: User[] = [];
  for (const user of users.values()) if (first.push(user) === 200) break;
  return first;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
