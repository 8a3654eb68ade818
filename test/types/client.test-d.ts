import { createWebSocketClient } from "@halyard/client";
import { expectTypeOf } from "vitest";
import type { AppProtocol } from "./protocol.ts";

const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
const room = client.join("general");

// Sending
client.send("poll_vote", { pollId: "p", option: 1 });
client.send("poll_vote", { pollId: "p", option: 1, weight: 2 });
client.send("nothing");
room.send("chat_message", { content: "hello" });
expectTypeOf(client.join("general").send("cursor_moved", { x: 1 })).toEqualTypeOf<void>();
expectTypeOf(client.send("typing_indicator", { isTyping: true })).toEqualTypeOf<void>();
expectTypeOf(client.send("poll_vote", { pollId: "p", option: 1 }).id).toEqualTypeOf<string>();
const receipt = await client.send("chat_message", { content: "hello" });
expectTypeOf(receipt.status).toEqualTypeOf<"delivered" | "rejected" | "expired" | "unknown">();
if (receipt.status === "rejected") expectTypeOf(receipt.error.retryable).toEqualTypeOf<boolean>();
// @ts-expect-error only what was rejected has an error
export type NoError = Extract<typeof receipt, { status: "delivered" }>["error"];
// @ts-expect-error there is no such message
client.send("poll_votes", { pollId: "p", option: 1 });
// @ts-expect-error only the server sends this
client.send("poll_result", { pollId: "p", votes: [] });
// @ts-expect-error only the server sends this
client.send("announcement", { message: "x" });
// @ts-expect-error a field is missing
client.send("poll_vote", { pollId: "p" });
// @ts-expect-error a field has another type
client.send("poll_vote", { pollId: 1, option: 1 });
// @ts-expect-error a field is not in the contract
client.send("poll_vote", { pollId: "p", option: 1, extra: true });
// @ts-expect-error the fields are missing
client.send("chat_message");
// @ts-expect-error a room's messages are typed too
room.send("chat_message", { text: "hello" });

// Listening
client.on("poll_result", (message, delivery) => {
  expectTypeOf(message).toEqualTypeOf<{
    type: "poll_result";
    pollId: string;
    votes: number[];
    closed: boolean;
  }>();
  expectTypeOf(delivery.room).toEqualTypeOf<string | undefined>();
  expectTypeOf(delivery.replayed).toEqualTypeOf<boolean>();
});
client.on("chat_message", ({ id, content, from, sentAt }) => {
  expectTypeOf([id, content, from.userId, from.name, sentAt]).toEqualTypeOf<string[]>();
});
client.on("cursor_moved", ({ x, from }) => {
  expectTypeOf(x).toEqualTypeOf<number>();
  expectTypeOf(from.userId).toEqualTypeOf<string>();
});
room.on("poked", ({ hard, from }) => [hard, from.name]);
// @ts-expect-error there is no such message
client.on("poll_results", () => undefined);
// @ts-expect-error only clients send this, and the server does not relay it
client.on("poll_vote", () => undefined);
// @ts-expect-error the message has no such field
client.on("poll_result", (message) => message.options);
// @ts-expect-error a field has another type
room.on("poll_result", (message) => message.pollId satisfies number);

// Asking
const rows = await client.request("load_history", { room: "general" }, { timeoutMs: 1_000 });
expectTypeOf(rows).toEqualTypeOf<{ id: string; seen: boolean }[]>();
expectTypeOf(await client.request("count")).toEqualTypeOf<number>();
// @ts-expect-error there is no such request
await client.request("load_histories", { room: "general" });
// @ts-expect-error the input is missing
await client.request("load_history");
// @ts-expect-error the input does not fit
await client.request("load_history", { room: 1 });
// @ts-expect-error the result has no such field
export const content: unknown = rows[0]?.content;
// @ts-expect-error the result is a list
export const text: string = rows;

// What is there is for reading
// @ts-expect-error users are not assigned
client.users = [];
expectTypeOf(client.state.status).toExtend<string>();
