import { createWebSocketClient } from "@halyard/client";
import type { ConnectionState, Room, Sending, WebSocketClient } from "@halyard/client";
import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf, PublicUser, RoomUser } from "@halyard/protocol";
import { useState } from "react";
import type { ReactNode } from "react";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import { createHalyardReact } from "./index.ts";

const Row = z.object({
  id: z.string(),
  content: z.string(),
  from: z.object({ userId: z.string(), name: z.string() }),
});
const Notification = z.object({ id: z.string(), text: z.string(), isRead: z.boolean() });
const MoveResult = z.object({ ply: z.int(), state: z.enum(["open", "won"]) });

export const protocol = defineProtocol({
  clientMessages: {
    move: message(z.object({ to: z.string() }), { room: "required", result: MoveResult }),
    stroke: message(z.object({ x: z.number(), y: z.number() }), {
      ephemeral: { everyMs: 50, keep: "all" },
      relay: "room",
    }),
    card: message(z.object({ text: z.string() }), { relay: "room" }),
    notification_read: message(z.object({ id: z.string() })),
    clear_all: message(z.object({})),
  },
  serverMessages: { notification: message(Notification) },
  requests: {
    history: request({
      input: z.object({ before: z.string().optional() }).optional(),
      output: z.array(Row),
      room: "required",
    }),
    notifications: request({ output: z.array(Notification) }),
    time: request({ output: z.number() }),
    page: request({
      input: z.object({ after: z.string().optional() }),
      output: z.array(z.string()),
      room: "required",
    }),
  },
  errors: { sold_out: z.object({ left: z.int() }) },
  presence: { state: z.object({ mood: z.string().default("calm"), x: z.number().nullable() }) },
});
interface AppProtocol extends ProtocolOf<typeof protocol> {}

const client = createWebSocketClient<AppProtocol>({ url: "/ws", outbox: { storage: "session" } });
const {
  HalyardProvider,
  useClient,
  useConnection,
  useMessage,
  useMessages,
  useMyPresence,
  usePresence,
  useRequest,
  useRoom,
  useSend,
  useTyping,
} = createHalyardReact<AppProtocol>();

// A chat
function Chat({ name }: { readonly name: string }) {
  const room = useRoom(name);
  const { entries, send, retry, discard, status, older } = useMessages("chat_message", {
    room: name,
    load: ({ before, signal }) => room.request("history", { before }, { signal }),
    limit: 200,
  });
  const names = usePresence(name, { select: (users) => users.map((user) => user.name).join(", ") });
  const typing = useTyping(name);
  const [draft, setDraft] = useState("");
  const submit = (event: { preventDefault(): void }) => {
    event.preventDefault();
    void send({ content: draft });
    setDraft("");
    typing.stop();
  };
  return (
    <form onSubmit={submit} aria-busy={status === "pending"}>
      <Connection />
      <p>{names}</p>
      {older.status === "more" && <button onClick={older.load}>Older messages</button>}
      <ol>
        {entries.map((entry) => (
          <li key={entry.id} data-status={entry.status}>
            {entry.status === "delivered" ? entry.message.from.name : "you"}: {entry.message.content}
            {entry.status === "rejected" && (
              <button onClick={() => retry(entry.id)}>{entry.error.message}: try again</button>
            )}
            {entry.status === "unknown" && <button onClick={() => discard(entry.id)}>Discard</button>}
          </li>
        ))}
      </ol>
      <p>{typing.users.map((user) => user.name).join(", ")}</p>
      <input
        value={draft}
        onChange={(event) => {
          setDraft(event.target.value);
          typing.onInput();
        }}
      />
    </form>
  );
}

function Connection() {
  const state = useConnection();
  if (state.status === "waiting")
    return (
      <p role="status">
        Back at {new Date(state.retryAt).toLocaleTimeString()}: {state.cause.message}
      </p>
    );
  const isKicked = state.status === "closed" && state.cause.kind === "kicked";
  return <p role="status">{isKicked ? "You were removed." : state.status}</p>;
}

export const App = () => (
  <HalyardProvider client={client}>
    <Chat name="general" />
  </HalyardProvider>
);

// Notifications
export const Providers = ({ children }: { readonly children: ReactNode }) => (
  <HalyardProvider client={client}>{children}</HalyardProvider>
);
export function Bell() {
  const trouble = useConnection((state) => state.cause?.message);
  const list = useRequest("notifications");
  const markAsRead = useSend("notification_read");
  useMessage("notification", () => list.refetch());
  if (list.status === "error") return <p role="alert">{list.error.message}</p>;
  const unread = (list.data ?? []).filter((row) => !row.isRead);
  return (
    <ul title={trouble} aria-busy={list.status === "pending"}>
      {unread.map(({ id, text }) => (
        <li key={id} onClick={() => void markAsRead({ id })}>
          {text}
        </li>
      ))}
    </ul>
  );
}

// A drawing
export function Canvas({ room, draw }: { room: string; draw: (author: string, x: number) => void }) {
  const others = usePresence(room, { others: true });
  const stroke = useSend("stroke", { room });
  useMessage("stroke", ({ from, x }, { replayed }) => !replayed && draw(from.name, x), { room });
  return <p onPointerMove={({ clientX: x, clientY: y }) => stroke({ x, y })}>{others[0]?.name}</p>;
}

export function useEverything(): void {
  expectTypeOf(useClient()).toEqualTypeOf<WebSocketClient<AppProtocol>>();
  expectTypeOf(useRoom("a")).toEqualTypeOf<Room<AppProtocol>>();
  expectTypeOf(useConnection()).toEqualTypeOf<ConnectionState>();
  expectTypeOf(useConnection((now) => now.status === "open")).toEqualTypeOf<boolean>();
  expectTypeOf(usePresence()).toEqualTypeOf<readonly RoomUser<{ mood: string; x: number | null }>[]>();
  expectTypeOf(usePresence("a", { select: (users) => users.length })).toEqualTypeOf<number>();
  const [mine, setMine] = useMyPresence("a", { x: 1 });
  expectTypeOf(mine).toEqualTypeOf<{ mood?: string | undefined; x: number | null }>();
  setMine({ mood: "calm" });
  // @ts-expect-error the initial state is whole
  useMyPresence("a", { mood: "calm" });
  // @ts-expect-error not a part of the state
  setMine({ y: 1 });

  const move = useSend("move", { room: "a" });
  const sent = move({ to: "e4" });
  void sent.then((receipt) => {
    if (receipt.status === "delivered")
      expectTypeOf(receipt.result).toEqualTypeOf<z.infer<typeof MoveResult>>();
    if (receipt.status === "rejected" && receipt.error.code === "sold_out")
      expectTypeOf(receipt.error.data).toEqualTypeOf<{ left: number }>();
  });
  void useSend("clear_all")();
  expectTypeOf(useSend("stroke", { room: "a" })({ x: 1, y: 1 })).toEqualTypeOf<void>();
  // @ts-expect-error the room is missing
  useSend("move");
  // @ts-expect-error the room is missing
  useSend("stroke");
  // @ts-expect-error a field is missing
  useSend("notification_read")();
  // @ts-expect-error no such message
  useSend("notification");

  const time = useRequest("time");
  if (time.status === "success") expectTypeOf(time.data).toEqualTypeOf<number>();
  else expectTypeOf(time.data).toEqualTypeOf<number | undefined>();
  useRequest("history", undefined, { room: "a" });
  const page = useRequest("page", {}, { room: "a", enabled: false });
  if (page.status === "error" && page.error.code === "sold_out")
    expectTypeOf(page.error.data.left).toEqualTypeOf<number>();
  // @ts-expect-error the room is missing
  useRequest("history");
  // @ts-expect-error the room is missing
  useRequest("page", {});
  // @ts-expect-error another input
  useRequest("page", { after: 1 }, { room: "a" });

  const list = useMessages("chat_message", {
    load: () => Promise.resolve([{ id: "1", content: "", mine: true }]),
  });
  const [entry] = list.entries;
  expectTypeOf(entry?.message.content).toEqualTypeOf<string | undefined>();
  if (entry?.status === "rejected") expectTypeOf(entry.error.retryable).toEqualTypeOf<boolean>();
  if (entry?.status === "delivered" && "mine" in entry.message)
    expectTypeOf(entry.message.mine).toEqualTypeOf<boolean>();
  expectTypeOf(list.send({ content: "" })).toExtend<Pick<Sending, "id">>();
  const cards = useMessages("card", { room: "a" });
  if (cards.entries[0]?.status === "delivered")
    expectTypeOf(cards.entries[0].message.from).toEqualTypeOf<PublicUser>();
  useMessages("chat_message", { initial: [{ id: "1", content: "" }] });
  // @ts-expect-error rows of a history have an id
  useMessages("chat_message", { load: () => Promise.resolve([{ content: "" }]) });
  // @ts-expect-error only a rejected entry has an error
  list.entries[0]?.error.message.at(0);
  // @ts-expect-error the room is missing: it is relayed to its room
  useMessages("card");
  // @ts-expect-error the server's alone
  useMessages("notification");
  // @ts-expect-error the client's alone
  useMessages("notification_read");
  // @ts-expect-error no such field
  void list.send({ text: "" });
}
