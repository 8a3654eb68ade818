/** The application that every server but Halyard runs: what its author writes by hand. */
import { z } from "zod";
import { lookUp, LookUp, Post } from "./domain.ts";

export interface User {
  readonly userId: string;
  readonly name: string;
  readonly connectedAt: string;
}

export interface Message {
  readonly [field: string]: unknown;
  readonly type: string;
}

/** How messages reach one connection, everybody, and everybody else. */
export interface Doors {
  reply(message: Message): void;
  everyone(message: Message): void;
  others(message: Message): void;
}

const Incoming = z.discriminatedUnion("type", [
  Post.extend({ type: z.literal("post") }),
  z.object({ type: z.literal("chat"), seq: z.int(), content: z.string().min(1).max(65_536) }),
  z.object({ type: z.literal("typing"), isTyping: z.boolean() }),
  z.object({ type: z.literal("look_up"), id: z.string().optional(), input: LookUp }),
  z.object({ type: z.literal("enter") }),
]);

const users = new Map<string, User>();
const announced = new Set<string>();
let chats = 0;

/** A connection has opened. Whose it is would be known from its session; here the URL says it. */
export function enter(url: string | undefined, { reply }: Pick<Doors, "reply">): User {
  const userId = new URLSearchParams(url?.split("?")[1]).get("user") ?? "nobody";
  const user = { userId, name: userId, connectedAt: new Date().toISOString() };
  users.set(userId, user);
  reply({ type: "welcome", user });
  reply({ type: "user_list", users: firstUsers(), total: users.size });
  return user;
}

/** @param value what came, as text or as the framework has parsed it */
export function receive(value: unknown, user: User, { reply, everyone, others }: Doors): void {
  const { data: message } = Incoming.safeParse(typeof value === "string" ? parse(value) : value);
  switch (message?.type) {
    case "post":
      return everyone({ ...message, type: "posted" });
    case "chat": {
      const id = `${user.userId}.${String(++chats)}`;
      const { content, seq } = message;
      const chat = { id, content, from: user, sentAt: new Date().toISOString() };
      everyone({ type: "chat_message", ...chat });
      return reply({ type: "ack", seq, id });
    }
    case "typing":
      return others({ ...message, userId: user.userId });
    case "look_up":
      return reply({ type: "reply", id: message.id, result: lookUp(message.input) });
    case "enter":
      announced.add(user.userId);
      return others({ type: "user_joined", users: [user], total: users.size });
    case undefined:
      return reply({ type: "error", code: "invalid_message" });
  }
}

/** A connection has closed. Whoever was announced to the others is said farewell. */
export function leave({ userId }: User, { others }: Pick<Doors, "others">): void {
  users.delete(userId);
  if (announced.delete(userId)) others({ type: "user_left", userIds: [userId], total: users.size });
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
