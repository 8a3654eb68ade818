import type { EphemeralMessage, Message, Protocol, RequestReply } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import { onTestFinished, vi } from "vitest";
import { createWebSocketClient } from "../src/index.ts";
import type { ConnectionState, PageEvents, WebSocketClientOptions } from "../src/index.ts";
import { systemClock } from "../src/common/clock.ts";
import { FakeSocket } from "./fake-socket.ts";

/** The protocol of the tests' application: types only, as in a browser. */
export interface TestProtocol extends Protocol<
  { poll_vote: Message<{ option: number }>; cursor_moved: EphemeralMessage<{ x: number }> },
  { poll_result: Message<{ votes: number[] }> },
  { count: RequestReply<undefined, number>; history: RequestReply<{ room: string }, string[]> }
> {}

export const ADA = { userId: "ada", name: "Ada", connectedAt: "2026-11-23T09:00:00.000Z" };
export const BOB = { userId: "bob", name: "Bob", connectedAt: "2026-11-23T09:00:01.000Z" };

/** A page that sleeps and wakes when the test says so. */
export class FakePage implements PageEvents {
  readonly #listeners = new Map<string, Set<() => void>>();

  addEventListener(type: string, listener: () => void): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener(type: string, listener: () => void): void {
    this.#listeners.get(type)?.delete(listener);
  }

  get count(): number {
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  fire(type: string): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener();
  }
}

export function welcome(fields: object = {}): object {
  return {
    type: "welcome",
    $: { re: "h" },
    connectionId: "n1.1",
    user: ADA,
    limits: { messageBytes: 65_536, unacknowledged: 32, messagesPerSecond: 50, bytesPerSecond: 262_144 },
    heartbeat: { intervalMs: 25_000, timeoutMs: 35_000 },
    ephemeral: ["typing_indicator", "cursor_moved"],
    channels: {
      all: { epoch: "e1", off: 10, recovered: "new" },
      "user:ada": { epoch: "e1", off: 0, recovered: "new" },
    },
    ...fields,
  };
}

/** Fields of the welcome of a client that is in the room `general`. */
export const JOINED = {
  channels: {
    all: { epoch: "e1", off: 10, recovered: "new" },
    "room:general": { epoch: "e1", off: 5, recovered: "new" },
  },
};

/** A client on fake sockets and vitest's fake timers, with all that it reports. */
export function createHarness(options: Partial<WebSocketClientOptions> = {}) {
  vi.useFakeTimers({ now: Date.parse("2026-11-23T09:00:00.000Z") });
  // The next file in this process may need real ones.
  onTestFinished(() => {
    vi.useRealTimers();
  });
  FakeSocket.all = [];
  FakeSocket.constructorError = undefined;
  const page = new FakePage();
  const errors: unknown[] = [];
  const randomValues: number[] = [];
  const client = createWebSocketClient<TestProtocol>({
    url: "ws://halyard.test/ws",
    WebSocket: FakeSocket,
    page,
    onError: (error) => errors.push(error),
    clock: { ...systemClock, random: () => randomValues.shift() ?? 0 },
    ...options,
  });
  const states: ConnectionState[] = [client.state];
  client.onStateChange((state) => states.push(state));
  const harness = {
    client,
    page,
    errors,
    states,
    /** The next results of `random`; after them, 0. */
    randomValues,
    get sockets(): FakeSocket[] {
      return FakeSocket.all;
    },
    get socket(): FakeSocket {
      return FakeSocket.latest;
    },
    tick: (ms = 5) => vi.advanceTimersByTimeAsync(ms),
    /** Accepts the next socket and sends the welcome. */
    async open(fields: object = {}): Promise<FakeSocket> {
      const before = FakeSocket.all.length;
      await vi.advanceTimersByTimeAsync(5);
      if (FakeSocket.all.length === before && harness.socket.readyState !== 0)
        await vi.advanceTimersByTimeAsync(600);
      const { socket } = harness;
      socket.accept();
      socket.receive(welcome(fields));
      return socket;
    },
  };
  return harness;
}

/** The reply to a message or a request. */
export function reply(frame: Frame | undefined, result: unknown = {}): object {
  return { type: "reply", result, $: { re: frame?.$?.seq ?? frame?.$?.id } };
}
