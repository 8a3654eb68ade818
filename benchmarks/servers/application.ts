/**
 * The application of the peers: JSON messages, checked by zod, and a map of users, as an author writes them by hand.
 * Every server but Halyard's calls it for each connection that opens, sends and closes.
 * It does the same work as the Halyard application, without history, offsets, receipts and rooms.
 */
import { z } from "zod";
import { getUser, GetUser, Post } from "./domain.ts";

export interface User {
  readonly userId: string;
  readonly name: string;
  readonly connectedAt: string;
}

export interface Message {
  readonly [field: string]: unknown;
  readonly type: string;
}

/** Sends to one connection, to all, and to all others. */
export interface Outbox {
  reply(message: Message): void;
  toAll(message: Message): void;
  toOthers(message: Message): void;
}

const ClientMessage = z.discriminatedUnion("type", [
  Post.extend({ type: z.literal("post") }),
  z.object({ type: z.literal("chat"), seq: z.int(), content: z.string().min(1).max(65_536) }),
  z.object({ type: z.literal("typing"), isTyping: z.boolean() }),
  z.object({ type: z.literal("get_user"), id: z.string().optional(), input: GetUser }),
  z.object({ type: z.literal("announce") }),
]);

const users = new Map<string, User>();
const announced = new Set<string>();
let chats = 0;

/** Handles a new connection. An application would read its user from a session; here the URL names the user. */
export function onOpen(url: string | undefined, { reply }: Pick<Outbox, "reply">): User {
  const userId = new URLSearchParams(url?.split("?")[1]).get("user") ?? "anonymous";
  const user = { userId, name: userId, connectedAt: new Date().toISOString() };
  users.set(userId, user);
  reply({ type: "welcome", user });
  reply({ type: "user_list", users: firstUsers(), total: users.size });
  return user;
}

/** @param value the message, as text or as the framework has parsed it */
export function onMessage(value: unknown, user: User, { reply, toAll, toOthers }: Outbox): void {
  const { data: message } = ClientMessage.safeParse(typeof value === "string" ? parse(value) : value);
  switch (message?.type) {
    case "post":
      return toAll({ ...message, type: "posted" });
    case "chat": {
      const id = `${user.userId}.${String(++chats)}`;
      const { content, seq } = message;
      const chat = { id, content, from: user, sentAt: new Date().toISOString() };
      toAll({ type: "chat_message", ...chat });
      return reply({ type: "ack", seq, id });
    }
    case "typing":
      return toOthers({ ...message, userId: user.userId });
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
