import { HalyardError } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import type { WebSocketInstance } from "@halyard/server";
import { expectTypeOf } from "vitest";
import { protocol } from "./protocol.ts";

interface Identity {
  readonly user: { readonly id: string; readonly role: "admin" | "member" };
  readonly session: { readonly id: string; readonly expiresAt: Date };
}

const { handlers, manager, processMessage } = createWebSocketSystem({
  protocol,
  authenticate: (): Identity | null => null,
  authorize: ({ user, session, action, room }) => {
    expectTypeOf(user.role).toEqualTypeOf<"admin" | "member">();
    expectTypeOf(session.expiresAt).toEqualTypeOf<Date>();
    expectTypeOf(action).toEqualTypeOf<"join" | "publish" | "presence" | "history">();
    return room === "lobby";
  },
  // In braces, because the result of an arrow function takes part in the inference of the system's types.
  onConnect: ({ user, ws }) => {
    if (user.role === "admin") void manager.join(ws, "admins");
  },
  onConnectionLimit: () => new HalyardError("limit_exceeded", "Five tabs are enough."),
});
declare const ws: WebSocketInstance;

// Handling
handlers.on("poll_vote", (message, { user, session, room, messageId, signal }) => {
  expectTypeOf(message).toEqualTypeOf<{
    type: "poll_vote";
    pollId: string;
    option: number;
    weight: number;
  }>();
  expectTypeOf(user.role).toEqualTypeOf<"admin" | "member">();
  expectTypeOf(session.id).toEqualTypeOf<string>();
  expectTypeOf(room).toEqualTypeOf<string | undefined>();
  expectTypeOf(messageId).toEqualTypeOf<string>();
  expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
});
handlers.on("chat_message", async (message) => message.content.length);
// @ts-expect-error there is no such message
handlers.on("poll_votes", () => undefined);
// @ts-expect-error only the server sends this
handlers.on("poll_result", () => undefined);
// @ts-expect-error the message has no such field
handlers.on("poll_vote", (message) => typeof message.votes);
// @ts-expect-error the user has no such field
handlers.on("poll_vote", (_message, { user }) => typeof user.email);

// Answering
handlers.onRequest("load_history", ({ room, limit }) => {
  expectTypeOf(room).toEqualTypeOf<string>();
  expectTypeOf(limit).toEqualTypeOf<number>();
  return [{ id: "1" }];
});
handlers.onRequest("load_history", async () => [{ id: "1", seen: true }]);
handlers.onRequest("count", () => 1);
// @ts-expect-error there is no such request
handlers.onRequest("load_histories", () => []);
// @ts-expect-error the reply does not fit
handlers.onRequest("load_history", () => [{ id: 1 }]);
// @ts-expect-error a promise of a reply that does not fit
handlers.onRequest("load_history", async () => [{ seen: true }]);
// @ts-expect-error there is no reply
handlers.onRequest("count", () => undefined);
// @ts-expect-error the input has no such field
handlers.onRequest("load_history", ({ cursor }) => [{ id: String(cursor) }]);

// Publishing
await manager.broadcastMessage({ type: "announcement", message: "x" }, ws);
await manager.broadcastMessage('{"type":"announcement","message":"x"}');
await manager.sendToRoom("r", { type: "poll_result", pollId: "p", votes: [1] });
await manager.sendToUser("u", { type: "poll_result", pollId: "p", votes: [], closed: true });
manager.send(ws, { type: "tick", n: 1 });
const published = await manager.broadcastMessage({ type: "tick", n: 1 });
expectTypeOf(published.id).toEqualTypeOf<string>();
expectTypeOf(published.offset).toEqualTypeOf<number | undefined>();
// @ts-expect-error there is no such message
await manager.broadcastMessage({ type: "poll_results", pollId: "p", votes: [] });
// @ts-expect-error only clients send this
await manager.broadcastMessage({ type: "poll_vote", pollId: "p", option: 1 });
// @ts-expect-error a field is missing
await manager.sendToRoom("r", { type: "poll_result", pollId: "p" });
// @ts-expect-error a field has another type
await manager.sendToUser("u", { type: "poll_result", pollId: "p", votes: "1" });
// @ts-expect-error a field is not in the contract
manager.send(ws, { type: "tick", n: 1, m: 2 });
// @ts-expect-error only broadcastMessage takes text
await manager.sendToRoom("r", '{"type":"announcement","message":"x"}');

// Asking a client
expectTypeOf(await manager.request(ws, "confirm", { question: "Sure?" })).toEqualTypeOf<{
  answer: "yes" | "no";
  at: number;
}>();
expectTypeOf(await manager.request(ws, "viewport")).toEqualTypeOf<number>();
const { signal } = new AbortController();
await manager.request(ws, "viewport", undefined, { timeoutMs: 1, signal });
// @ts-expect-error there is no such request
await manager.request(ws, "confirms", { question: "Sure?" });
// @ts-expect-error clients ask this
await manager.request(ws, "count");
// @ts-expect-error a field is missing
await manager.request(ws, "confirm", {});
// @ts-expect-error there is no input
await manager.request(ws, "confirm");
// @ts-expect-error a handler of the server does not answer this
handlers.onRequest("confirm", () => ({ answer: "yes" }));

// The rest
expectTypeOf(manager.getConnectionStats()).toExtend<{ totalUsers: number; totalConnections: number }>();
expectTypeOf(processMessage(ws, "x")).toEqualTypeOf<void>();
expectTypeOf(manager.handleMessage(ws, new Uint8Array())).toEqualTypeOf<void>();
// @ts-expect-error the map is for reading
export const remove: unknown = manager.connectedUsers.delete;
// @ts-expect-error there is no such close code for users
await manager.disconnectUser("u", { code: 1000 });
// @ts-expect-error a number is asked for
createWebSocketSystem({ maxConnectionsPerUser: "5" });
// @ts-expect-error there is no such option
createWebSocketSystem({ maxConnections: 5 });
