import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness, reply, welcome } from "../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

type Harness = ReturnType<typeof createHarness>;

/** Takes a client through all of its states: it connects, joins, sends, is disconnected, waits, and is rejected. */
async function runThroughStates(harness: Harness): Promise<void> {
  const respond = () => {
    for (const socket of harness.sockets) {
      if (socket.closed) continue;
      if (socket.readyState === 0) socket.accept();
      if (!socket.sent("ping").length) socket.receive(welcome());
      for (const frame of [...socket.sent("join"), ...socket.sent("chat_message")]) {
        socket.receive(reply(frame, { ch: "room:general", epoch: "e1", off: 5 }));
      }
    }
  };
  const room = harness.client.join("general");
  void room.send("chat_message", { content: "a" });
  harness.client.request("count").catch(() => {});
  for (const code of [1006, 4000, 4401, 4400]) {
    if (harness.client.state.status === "authRequired") harness.client.authenticate();
    await harness.tick(600);
    respond();
    await harness.tick(10);
    respond();
    const socket = harness.sockets.findLast(({ closed }) => !closed);
    if (socket?.readyState === 1) socket.drop(code);
  }
}

const hooks: [string, (harness: Harness, act: () => void) => void][] = [
  [
    "the state connecting",
    ({ client }, act) => client.onStateChange(({ status }) => status === "connecting" && act()),
  ],
  ["the state open", ({ client }, act) => client.onStateChange(({ status }) => status === "open" && act())],
  [
    "the state waiting",
    ({ client }, act) => client.onStateChange(({ status }) => status === "waiting" && act()),
  ],
  [
    "the state authRequired",
    ({ client }, act) => client.onStateChange(({ status }) => status === "authRequired" && act()),
  ],
  [
    "the state closed",
    ({ client }, act) => client.onStateChange(({ status }) => status === "closed" && act()),
  ],
  ["a change of the queue", ({ client }, act) => client.onQueue(() => act())],
  ["the state of a room", ({ client }, act) => client.join("general").onStateChange(() => act())],
];

describe("a listener that calls the client", () => {
  it.each(hooks)("may close the client when it is called with %s", async (_, hook) => {
    const harness = createHarness({ autoConnect: false });
    hook(harness, () => harness.client.close());
    harness.client.connect();
    await runThroughStates(harness);
    harness.client.close();
    expect(harness.client.state.status).toBe("closed");
    const { length } = harness.sockets;
    await harness.tick(100_000);
    expect(harness.sockets).toHaveLength(length);
    expect(vi.getTimerCount()).toBe(0);
    expect(harness.page.count).toBe(0);
    expect(harness.errors).toEqual([]);
  });

  it.each(hooks)("may reconnect once when it is called with %s", async (_, hook) => {
    const harness = createHarness({ autoConnect: false });
    let hasActed = false;
    hook(harness, () => {
      if (hasActed) return;
      hasActed = true;
      harness.client.reconnect();
    });
    harness.client.connect();
    await runThroughStates(harness);
    harness.client.reconnect();
    await harness.tick(10);
    // Only the last socket is open.
    expect(harness.sockets.filter(({ closed, readyState }) => !closed && readyState < 2)).toEqual([
      harness.socket,
    ]);
    harness.socket.accept();
    harness.socket.receive(welcome());
    expect(harness.client.state.status).toBe("open");
    hasActed = true;
    harness.client.close();
    await harness.tick(1_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(harness.errors).toEqual([]);
  });

  it("may connect again when it is called with the state closed", async () => {
    const harness = createHarness();
    harness.client.onStateChange(({ status }) => status === "closed" && harness.client.connect());
    (await harness.open()).drop(4400);
    expect(harness.client.state.status).toBe("connecting");
    const socket = await harness.open();
    expect(harness.client.state.status).toBe("open");
    const sending = harness.client.send("chat_message", { content: "a" });
    socket.receive(reply(socket.sent("chat_message")[0]));
    expect((await sending).status).toBe("delivered");
  });
});
