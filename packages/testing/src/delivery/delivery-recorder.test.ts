import { expect, it } from "vitest";
import { checkDelivery } from "./delivery-checker.ts";
import { createDeliveryRecorder } from "./delivery-recorder.ts";
import type { DeliveryEvent } from "./delivery-event.ts";

type Listener = (event: { readonly data: unknown }) => void;

/** A recorder, and a socket of its class that receives the frames of the test. */
function record() {
  const log: DeliveryEvent[] = [];
  let onMessage: Listener = () => {};
  class FakeSocket {
    readonly readyState = 1;
    send(): void {}
    close(): void {}
    addEventListener(_type: string, listener: Listener): void {
      onMessage = listener;
    }
  }
  const recorder = createDeliveryRecorder({
    client: "ada",
    write: (event) => log.push(event),
    WebSocket: FakeSocket,
  });
  const socket = new recorder.WebSocket("ws://localhost", [], { maxPayload: 1, closeTimeout: 1 });
  const receive = (frame: object): void => onMessage({ data: JSON.stringify(frame) });
  const send = (frame: object): void => socket.send(JSON.stringify(frame));
  return { log, recorder, receive, send };
}

const welcome = {
  type: "welcome",
  channels: { "room:one": { epoch: "e1", off: 0, recovered: "new" } },
};
const bob = { userId: "bob", name: "Bob", connectedAt: "2026-01-01T00:00:00.000Z" };
const list = { type: "user_list", room: "one", users: [bob], total: 1 };

function presenceOf(log: readonly DeliveryEvent[]): string[] {
  return log.flatMap((event) =>
    event.type === "presence" ? [`${event.change} ${event.users.join(",")}`.trim()] : [],
  );
}

it("the recorder writes the users who join and leave a room", () => {
  const { log, receive } = record();
  for (const frame of [
    welcome,
    list,
    { type: "user_joined", room: "one", users: [{ ...bob, userId: "eve" }], total: 2 },
    { type: "user_left", room: "one", userIds: ["bob"], total: 1 },
    { type: "user_joined", room: "one", users: [bob], total: 2 },
  ])
    receive(frame);
  expect(presenceOf(log)).toEqual(["list bob", "joined eve", "left bob", "joined bob"]);
});

it("the recorder writes no join for a known user with changed fields, and one for a known user without changes", () => {
  const { log, receive } = record();
  const joined = (user: object) => ({ type: "user_joined", room: "one", users: [user], total: 1 });
  const back = { ...bob, connectedAt: "2026-01-01T00:00:05.000Z" };
  for (const frame of [welcome, list, joined(back), joined(back)]) receive(frame);
  expect(presenceOf(log)).toEqual(["list bob", "joined bob"]);
});

it("the recorder writes an empty list, and no list that has more pages or is of a room not joined", () => {
  const { log, receive } = record();
  for (const frame of [
    welcome,
    { ...list, users: [], total: 0 },
    { ...list, cursor: "1" },
    { ...list, room: "two" },
  ])
    receive(frame);
  expect(presenceOf(log)).toEqual(["list"]);
});

it("of a room that the application has left, the recorder expects no continuation by the next connection [soak seed 101]", () => {
  const { log, recorder, receive, send } = record();
  const channels = { "room:one": { epoch: "e2", off: 7, recovered: "new" } };
  receive(welcome);
  recorder.left("one");
  // A message that waits keeps the client in the room, also with the next connections.
  for (const _ of [1, 2]) {
    send({ type: "hello", clientId: "c", attempt: 2, rooms: ["one"], positions: [] });
    receive({ type: "welcome", channels });
  }
  expect(log.map(({ type }) => type)).toEqual(["positioned", "left", "positioned", "left", "positioned"]);
  // Joined again, it goes on or has a gap.
  send({ type: "join", room: "one", $: { id: "r1" } });
  send({ type: "hello", clientId: "c", attempt: 3, rooms: ["one"], positions: [] });
  expect(log.at(-1)?.type).toBe("positioned");
});

it("the recorder writes a room as left once, and nothing that still arrives for it", () => {
  const { log, recorder, receive } = record();
  receive(welcome);
  recorder.left("one");
  recorder.left("one");
  receive(list);
  receive({ type: "chat_message", id: "m1", $: { ch: "room:one", off: 1 } });
  expect(log.map(({ type }) => type)).toEqual(["positioned", "left"]);
});

it("the recorder writes once what the client asks for again because its gap listeners had not ended", () => {
  const { log, receive, send } = record();
  const message = (off: number) => ({ type: "chat_message", id: `m${off}`, $: { ch: "room:one", off } });
  for (const frame of [welcome, message(1), message(2)]) receive(frame);
  send({ type: "hello", positions: [{ ch: "room:one", epoch: "e1", off: 1 }] });
  receive({ ...welcome, channels: { "room:one": { epoch: "e1", off: 1, recovered: true } } });
  for (const frame of [message(2), message(2), message(3), message(1)]) receive(frame);
  const written = log.flatMap((event) => (event.type === "received" ? [event.offset] : []));
  // The second 2 and the last 1 were not asked for: the checker must see them.
  expect(written).toEqual([1, 2, 2, 3, 1]);
});

it("the recorder knows a room by its name in NFC, as the client and the server do", async () => {
  const { log, recorder, receive } = record();
  const channel = "room:caf\u00e9";
  const receipt = { status: "delivered", id: "m1", channel, offset: 1 } as const;
  receive({ type: "welcome", channels: { [channel]: { epoch: "e1", off: 0, recovered: "new" } } });
  const sending = Object.assign(Promise.resolve(receipt), { id: "m1" });
  recorder.track(sending as unknown as Parameters<typeof recorder.track>[0], { room: "cafe\u0301" });
  await sending;
  receive({ type: "chat_message", id: "m1", $: { ch: channel, off: 1 } });
  recorder.left("cafe\u0301");
  expect(log.map(({ type }) => type)).toEqual(["positioned", "sent", "receipt", "received", "left"]);
  expect(checkDelivery(log).violations).toEqual([]);
});
