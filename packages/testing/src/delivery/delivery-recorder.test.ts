import { expect, it } from "vitest";
import { createDeliveryRecorder } from "./delivery-recorder.ts";
import type { DeliveryEvent } from "./delivery-event.ts";

type Listener = (event: { readonly data: unknown }) => void;

/** A recorder, and a socket of its class that says what the test wants it to. */
function record() {
  const log: DeliveryEvent[] = [];
  let hear: Listener = () => {};
  class Line {
    readonly readyState = 1;
    send(): void {}
    close(): void {}
    addEventListener(_type: string, listener: Listener): void {
      hear = listener;
    }
  }
  const recorder = createDeliveryRecorder({
    client: "ada",
    write: (event) => log.push(event),
    WebSocket: Line,
  });
  new recorder.WebSocket("ws://localhost", [], { maxPayload: 1 });
  const receive = (frame: object): void => hear({ data: JSON.stringify(frame) });
  return { log, recorder, receive };
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

it("records who comes and goes", () => {
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

it("records nobody as joined whose fields have changed, and everybody who comes twice as the same", () => {
  const { log, receive } = record();
  const joined = (user: object) => ({ type: "user_joined", room: "one", users: [user], total: 1 });
  const back = { ...bob, connectedAt: "2026-01-01T00:00:05.000Z" };
  for (const frame of [welcome, list, joined(back), joined(back)]) receive(frame);
  expect(presenceOf(log)).toEqual(["list bob", "joined bob"]);
});

it("records a list of nobody, and none of those that have more pages", () => {
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

it("records a room as left once, and nothing that still comes of it", () => {
  const { log, recorder, receive } = record();
  receive(welcome);
  recorder.left("one");
  recorder.left("one");
  receive(list);
  receive({ type: "chat_message", id: "m1", $: { ch: "room:one", off: 1 } });
  expect(log.map(({ type }) => type)).toEqual(["positioned", "left"]);
});
