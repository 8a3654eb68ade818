import { afterEach, describe, expect, it, vi } from "vitest";
import { ADA, BOB, createHarness, reply } from "../test/harness.ts";
import type { Store } from "./index.ts";

afterEach(() => {
  vi.useRealTimers();
});

function watch<T>({ subscribe }: Store<T>) {
  const values: T[] = [];
  return { values, stop: subscribe((value) => values.push(value)) };
}

async function joined() {
  const harness = createHarness();
  const socket = await harness.open();
  const room = harness.client.join("general");
  socket.receive(reply(socket.sent("join")[0], { ch: "room:general", epoch: "e1", off: 0 }));
  return { ...harness, socket, room };
}

const users = (list: readonly object[], room?: string): object => ({
  type: "user_list",
  users: list,
  total: list.length,
  room,
  $: { ch: room === undefined ? "all" : `room:${room}` },
});

describe("a store", () => {
  it("calls its listener at once with the value, and then once for each change", async () => {
    const harness = createHarness();
    const { values, stop } = watch(harness.client.stores.state);
    const closing = watch(harness.client.stores.state);
    await harness.open();
    stop();
    harness.client.close();
    expect(values.map(({ status }) => status)).toEqual(["connecting", "open"]);
    expect(closing.values.map(({ status }) => status)).toEqual(["connecting", "open", "closed"]);
    expect(harness.client.stores.state.get()).toBe(harness.client.state);
  });

  it("is made once, and keeps its value until that changes, also through a reconnect", async () => {
    const { client, socket, open } = await joined();
    const { stores } = client;
    const { values } = watch(stores.user);
    socket.receive(users([ADA]));
    const [user, list, queue] = [stores.user.get(), stores.users.get(), stores.queue.get()];
    socket.drop();
    const next = await open();
    next.receive(users([ADA]));
    expect(client.stores).toBe(stores);
    expect(user).toEqual(ADA);
    expect(values).toEqual([ADA]);
    expect(stores.user.get()).toBe(user);
    expect(stores.users.get()).toBe(list);
    expect(stores.queue.get()).toBe(queue);
  });

  it("of the outbox and of the users follows them", async () => {
    const { client, socket } = await joined();
    const [queue, online] = [watch(client.stores.queue), watch(client.stores.users)];
    void client.send("poll_vote", { option: 1 });
    socket.receive(users([ADA]), users([ADA]), users([ADA, BOB]), reply(socket.sent("poll_vote")[0]));
    expect(queue.values.map(({ unacknowledged }) => unacknowledged)).toEqual([0, 1, 0]);
    expect(online.values).toEqual([[], [ADA], [ADA, BOB]]);
  });

  it("of a room ends with its handle, while another handle keeps the room", async () => {
    const { client, socket, room } = await joined();
    const other = client.join("general");
    socket.receive(users([BOB], "general"));
    const [state, list, kept] = [
      watch(room.stores.state),
      watch(room.stores.users),
      watch(other.stores.users),
    ];
    room.leave();
    socket.receive(users([ADA, BOB], "general"));
    expect(state.values).toEqual([{ status: "joined" }, { status: "left", error: undefined }]);
    expect(list.values).toEqual([[BOB], []]);
    expect(kept.values).toEqual([[BOB], [ADA, BOB]]);
    expect(room.stores.users.get()).toBe(room.stores.users.get());
    expect(watch(room.stores.state).values).toEqual([{ status: "left", error: undefined }]);
  });

  it("reports what its listener throws, also at once, and calls the others", async () => {
    const { client, errors } = await joined();
    client.stores.state.subscribe(({ status }) => {
      throw new Error(status);
    });
    const { values } = watch(client.stores.state);
    client.close();
    expect(values.map(({ status }) => status)).toEqual(["open", "closed"]);
    expect(errors).toEqual([new Error("open"), new Error("closed")]);
  });

  it("gives the newest value to a listener that an earlier listener has overtaken", async () => {
    const harness = createHarness();
    harness.client.stores.state.subscribe(({ status }) => {
      if (status === "open") harness.client.close();
    });
    const { values } = watch(harness.client.stores.state);
    await harness.open();
    expect(values.map(({ status }) => status)).toEqual(["connecting", "closed"]);
  });
});
