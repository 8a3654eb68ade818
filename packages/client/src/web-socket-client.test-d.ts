import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf, PublicUser } from "@halyard/protocol";
import { WebSocket as NodeWebSocket } from "ws";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import { createWebSocketClient } from "./index.ts";
import type { ConnectionState, Receipt, RoomState, Sending, WebSocketClient } from "./index.ts";

export const protocol = defineProtocol({
  clientMessages: {
    vote: message(
      z.object({ pollId: z.string(), weight: z.int().default(1), at: z.coerce.date().optional() }),
    ),
    draw: message(
      z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("line"), to: z.tuple([z.number(), z.number()]) }),
        z.object({ kind: z.literal("dot"), r: z.number() }),
      ]),
    ),
    cursor: message(z.object({ x: z.number() }), { ephemeral: true, relay: "room" }),
    stroke: message(z.object({ x: z.number() }), { ephemeral: { everyMs: 20, keep: "all" }, relay: "room" }),
    nothing: message(z.object({})),
  },
  serverMessages: {
    voted: message(z.object({ total: z.number().default(0), label: z.string().optional() })),
  },
  requests: {
    page: request({
      input: z.object({ after: z.string().optional(), limit: z.int().default(50) }),
      output: z.array(z.object({ id: z.string(), seen: z.boolean().default(false) })),
    }),
    count: request({ input: z.void(), output: z.number() }),
  },
  serverRequests: {
    confirm: request({
      input: z.object({ question: z.string(), level: z.int().default(1) }),
      output: z.object({ answer: z.enum(["yes", "no"]), at: z.int().default(0) }),
    }),
  },
});
interface AppProtocol extends ProtocolOf<typeof protocol> {}
declare const client: WebSocketClient<AppProtocol>;

// `send` takes the input of the schema, and returns a receipt unless the message is ephemeral.
expectTypeOf(client.send("vote", { pollId: "a" })).toEqualTypeOf<Sending>();
expectTypeOf(client.send("draw", { kind: "dot", r: 1 })).toEqualTypeOf<Sending>();
expectTypeOf(client.send("nothing")).toEqualTypeOf<Sending>();
expectTypeOf(client.join("general").send("cursor", { x: 1 })).toEqualTypeOf<void>();
expectTypeOf(client.join("general").send("stroke", { x: 1 })).toEqualTypeOf<void>();
expectTypeOf(client.send("typing_indicator", { isTyping: true })).toEqualTypeOf<void>();
expectTypeOf(await client.send("chat_message", { content: "hi" })).toEqualTypeOf<Receipt>();
// @ts-expect-error no such message
client.send("votes", { pollId: "a" });
// @ts-expect-error a field is missing
client.send("vote");
// @ts-expect-error a field of another type
client.send("vote", { pollId: 1 });
// @ts-expect-error only the server sends this
client.send("voted", { total: 1 });
// @ts-expect-error a line has no radius
client.join("general").send("draw", { kind: "line", r: 1 });

// @ts-expect-error no such rule
message(z.object({}), { ephemeral: { keep: "first" } });

// A hover over a listener's message shows fields, not generics.
client.on("voted", (received, delivery) => {
  expectTypeOf(received).toEqualTypeOf<{ type: "voted"; total: number; label?: string | undefined }>();
  expectTypeOf(delivery.room).toEqualTypeOf<string | undefined>();
});
client.on("cursor", (received) =>
  expectTypeOf(received).toEqualTypeOf<{ type: "cursor"; x: number; from: PublicUser }>(),
);
client.join("general").on("chat_message", async ({ from, content }) => Promise.resolve([from.name, content]));
client.on("user_list", ({ users }) => expectTypeOf(users).toExtend<PublicUser[]>());
// @ts-expect-error clients send this message, and never receive it
client.on("vote", () => {});

// `request` takes the input of the request's schema, and resolves to the output of the reply's.
expectTypeOf(await client.request("page", {})).toEqualTypeOf<{ id: string; seen: boolean }[]>();
expectTypeOf(await client.request("count")).toEqualTypeOf<number>();
expectTypeOf(
  await client.request("count", undefined, { timeoutMs: 1, signal: undefined }),
).toEqualTypeOf<number>();
// @ts-expect-error no such request
await client.request("pages", {});
// @ts-expect-error input is missing
await client.request("page");

// A handler of a server's request returns the input of the reply's schema.
client.onRequest("confirm", ({ question, level }) => {
  expectTypeOf([question, level] as const).toEqualTypeOf<readonly [string, number]>();
  return { answer: "yes" };
});
client.onRequest("confirm", async () => Promise.resolve({ answer: "no", at: 1 }));
// @ts-expect-error only clients send this request
client.onRequest("count", () => 1);
// @ts-expect-error no such reply
client.onRequest("confirm", () => ({ answer: "maybe" }));
// @ts-expect-error no reply at all
client.onRequest("confirm", () => undefined);

// States are unions, discriminated by their status.
const { state } = client;
if (state.status === "waiting") expectTypeOf(state.retryAt).toEqualTypeOf<number>();
if (state.status === "authRequired")
  expectTypeOf(state.reason).toEqualTypeOf<"unauthenticated" | "forbidden">();
client.onStateChange((next) => expectTypeOf(next).toEqualTypeOf<ConnectionState>());
expectTypeOf(await client.join("general").ready).toEqualTypeOf<RoomState>();
client.onGap((channel, reason) => Promise.resolve([channel, reason]));

// A client of a protocol is assignable to one of the built-in protocol, with or without a named interface.
const takesAny = (_client: WebSocketClient): void => {};
const takesApp = (_client: WebSocketClient<AppProtocol>): void => {};
takesAny(client);
takesApp(createWebSocketClient<typeof protocol>({ url: "/ws" }));

// Every WebSocket class is accepted, and every option may be undefined.
createWebSocketClient({ url: new URL("wss://halyard.test"), WebSocket: NodeWebSocket });
createWebSocketClient({ url: () => "/ws", WebSocket: globalThis.WebSocket, fetch: globalThis.fetch });
createWebSocketClient({
  url: async () => Promise.resolve("/ws"),
  WebSocket: class extends NodeWebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { headers: { cookie: "a=b" } });
    }
  },
  page: globalThis,
});
createWebSocketClient({
  url: "/ws",
  autoConnect: undefined,
  ticket: undefined,
  outbox: undefined,
  onError: undefined,
});

// The members are bound [s-H8].
expectTypeOf<ThisParameterType<WebSocketClient["on"]>>().toEqualTypeOf<void>();
expectTypeOf<ThisParameterType<WebSocketClient["close"]>>().toEqualTypeOf<void>();
expectTypeOf<ThisParameterType<ReturnType<WebSocketClient["join"]>["send"]>>().toEqualTypeOf<void>();
