import { createWebSocketClient, isErrorOf } from "@halyard/client";
import type { Receipt, SendError, Sending, WebSocketClient } from "@halyard/client";
import { applicationError, defineProtocol, message, request } from "@halyard/protocol";
import type {
  Message,
  MessageWith,
  NoResult,
  ProtocolOf,
  RequestReply,
  RequestWith,
  Result,
} from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { expectTypeOf } from "vitest";
import { z } from "zod";

const Placed = z.object({ ply: z.int(), state: z.enum(["open", "won"]) });
const definition = defineProtocol({
  clientMessages: {
    move: message(z.object({ to: z.string() }), { room: "required", result: Placed }),
    pointer: message(z.object({ x: z.number() }), { ephemeral: { everyMs: 20, keep: "all" }, relay: "room" }),
    plain: message(z.object({ a: z.string() })),
    ping_all: message(z.object({}), { room: "required" }),
  },
  serverMessages: { moved: message(z.object({ to: z.string() })) },
  requests: {
    time: request({ output: z.number() }),
    board: request({ output: z.array(z.string()), room: "required" }),
    page: request({
      input: z.object({ after: z.string().optional() }),
      output: z.array(z.string()),
      room: "required",
    }),
  },
  errors: { out_of_stock: z.object({ left: z.int() }), gone: z.undefined() },
});
interface AppProtocol extends ProtocolOf<typeof definition> {}

// What hovers and declaration files show.
expectTypeOf(definition.clientMessages.move).toEqualTypeOf<
  MessageWith<{ to: string }, { room: "required"; result: Result<{ ply: number; state: "open" | "won" }> }>
>();
expectTypeOf(definition.clientMessages.plain).toEqualTypeOf<Message<{ a: string }>>();
expectTypeOf(definition.clientMessages.pointer).toEqualTypeOf<
  MessageWith<{ x: number }, { ephemeral: true; relayed: true; room: "required" }>
>();
expectTypeOf(definition.requests.time).toEqualTypeOf<RequestReply<void, number>>();
expectTypeOf(definition.requests.board).toEqualTypeOf<RequestWith<void, string[], { room: "required" }>>();
expectTypeOf(definition.clientMessages.plain.result).toEqualTypeOf<NoResult>();

// Mistakes in a contract.
// @ts-expect-error room is "required" or nothing
message(z.object({}), { room: "optional" });
// @ts-expect-error an ephemeral message has no receipt
message(z.object({}), { ephemeral: true, result: Placed });
// @ts-expect-error a relayed message has no handler
message(z.object({}), { relay: "all", result: Placed });
// @ts-expect-error a request has an output
request({ input: z.object({}) });
// @ts-expect-error what servers send has no rule for rooms
defineProtocol({ serverMessages: { x: message(z.object({}), { room: "required" }) } });
// @ts-expect-error what servers send has no result
defineProtocol({ serverMessages: { x: message(z.object({}), { result: Placed }) } });
// @ts-expect-error a Date in a result
defineProtocol({ clientMessages: { x: message(z.object({}), { result: z.object({ at: z.date() }) }) } });
// @ts-expect-error a Date in the data of an error
defineProtocol({ errors: { late: z.object({ at: z.date() }) } });
// @ts-expect-error a code of Halyard's own
defineProtocol({ errors: { forbidden: z.undefined() } });

// Handling.
const protocol: AppProtocol = definition;
const { handlers } = createWebSocketSystem({
  protocol,
  data: ({ user }) => ({ plies: 0, name: user.name ?? "" }),
  onDisconnect: ({ data, rooms }) => {
    data.plies.toFixed();
    rooms.has("a");
  },
  authenticate: ({ ticket }) => {
    expectTypeOf(ticket).toEqualTypeOf<string | undefined>();
    return { user: { id: "a", name: "A" } };
  },
});
handlers.on("move", async (_, { room, data, connectionId, rooms }) => {
  expectTypeOf(room).toEqualTypeOf<string>();
  data.plies += 1;
  return { ply: data.plies, state: rooms.has(connectionId) ? "won" : "open" };
});
handlers.on("plain", (_, { room }) => {
  expectTypeOf(room).toEqualTypeOf<string | undefined>();
});
handlers.on("pointer", (_, { room }) => {
  expectTypeOf(room).toEqualTypeOf<string>();
});
handlers.onRequest("board", (input, { room }) => {
  expectTypeOf(input).toEqualTypeOf<void>();
  return [room];
});
// @ts-expect-error the result is missing
handlers.on("move", () => {});
// @ts-expect-error the result does not fit
handlers.on("move", () => ({ ply: 1, state: "lost" }));
// @ts-expect-error data has no such field
handlers.on("plain", (_, { data }) => String(data.nothing));
handlers.use(async (context, next) => {
  if (context.kind === "request" && context.type === "page")
    expectTypeOf(context.input).toEqualTypeOf<{ after?: string | undefined }>();
  if (context.type === "move") {
    expectTypeOf(context.input).toEqualTypeOf<{ type: "move"; to: string }>();
    expectTypeOf(context.data).toEqualTypeOf<{ plies: number; name: string }>();
  }
  // @ts-expect-error not narrowed: which message is it?
  expectTypeOf(context.input.to).toBeString();
  await next();
});
// @ts-expect-error no message or request has this name
handlers.use(({ type }, next) => (type === "typo" ? undefined : next()));
expectTypeOf(applicationError(protocol, "out_of_stock", { left: 1 }).data).toEqualTypeOf<{ left: number }>();
applicationError(protocol, "gone");
// @ts-expect-error no such error
applicationError(protocol, "sold_out", { left: 1 });
// @ts-expect-error the data is missing
applicationError(protocol, "out_of_stock");
// @ts-expect-error the data does not fit
applicationError(protocol, "out_of_stock", { left: "1" });

// Sending and asking.
const client = createWebSocketClient<AppProtocol>({ url: "/ws" });
const room = client.join("a");
const receipt = await room.send("move", { to: "e4" });
if (receipt.status === "delivered")
  expectTypeOf(receipt.result).toEqualTypeOf<{ ply: number; state: "open" | "won" }>();
if (receipt.status === "rejected" && receipt.error.code === "out_of_stock")
  expectTypeOf(receipt.error.data.left).toEqualTypeOf<number>();
// @ts-expect-error only a delivered one has a result
expectTypeOf(receipt.result).toBeObject();
// @ts-expect-error the room is missing
void client.send("move", { to: "e4" });
// @ts-expect-error the room is missing, and there are no fields
void client.send("ping_all");
// @ts-expect-error relay: "room" wants a room
client.send("pointer", { x: 1 });
// @ts-expect-error the room is missing
void client.request("board");
void room.request("board");
void room.request("page", {}, { timeoutMs: 1 });
void client.request("time", undefined, { signal: AbortSignal.timeout(1) });
const caught: unknown = undefined;
if (isErrorOf<AppProtocol>(caught)) {
  if (caught.code === "gone") expectTypeOf(caught.data).toEqualTypeOf<undefined>();
  // @ts-expect-error no error has this code
  if (caught.code === "sold_out") expectTypeOf(caught).toBeObject();
}

// Listening.
client.onAny((any) => {
  if (any.type === "pointer") expectTypeOf(any.from.name).toEqualTypeOf<string>();
});
room.once("moved", ({ to }) => to, { signal: AbortSignal.timeout(1) });
// @ts-expect-error a client message that the server does not relay is not heard
client.on("move", () => {});
const takesAny = (_: WebSocketClient): void => {};
takesAny(client);

// A contract without errors and results has the types that it had; a client of no contract may meet the errors of any.
const others = defineProtocol({ clientMessages: { plain: message(z.object({ a: z.string() })) } });
createWebSocketSystem({ protocol: others });
const other = createWebSocketClient<typeof others>({ url: "/ws" });
expectTypeOf(other.send("plain", { a: "a" })).toEqualTypeOf<Sending>();
expectTypeOf(await other.send("plain", { a: "a" })).toEqualTypeOf<Receipt>();
expectTypeOf<Extract<Receipt, { status: "rejected" }>["error"]>().toEqualTypeOf<SendError>();
takesAny(other);

// Roles: the users of a contract with roles have one, as far as its type says.
const withRole = defineProtocol({
  clientMessages: { ban: message(z.object({ id: z.string() }), { requires: { role: "admin" } }) },
});
createWebSocketSystem({
  protocol: withRole,
  authenticate: (): { user: { id: string; role?: string | null } } => ({ user: { id: "ada" } }),
});
const withRoles = defineProtocol({
  requests: { close: request({ output: z.void(), requires: { role: ["agent", "admin"] } }) },
});
expectTypeOf(withRoles.requests.close.role).toEqualTypeOf<"agent" | "admin">();
const { handlers: byRole } = createWebSocketSystem({
  protocol: withRoles,
  authenticate: async ({ ticket }) =>
    Promise.resolve(ticket === undefined ? null : { user: { id: ticket, role: "agent" } }),
  authorize: ({ user }) => user.role === "agent",
  data: ({ user }) => ({ role: user.role }),
});
byRole.onRequest("close", (_, { user, data }) => {
  expectTypeOf(user).toEqualTypeOf<{ id: string; role: string }>();
  expectTypeOf(data).toEqualTypeOf<{ role: string }>();
});
// @ts-expect-error no user has one of the roles
createWebSocketSystem({ protocol: withRoles, authenticate: ({ ticket = "" }) => ({ user: { id: ticket } }) });
// @ts-expect-error no user has one of the roles
createWebSocketSystem({ protocol: withRoles, authenticate: () => ({ user: { id: "ada" } }) });
// @ts-expect-error no user has a role
createWebSocketSystem({ protocol: withRole, authenticate: () => ({ user: { id: "ada" } }) });
// @ts-expect-error nor has a guest
createWebSocketSystem({ protocol: withRole });
