// A node in this process, on a test clock, with sockets in memory that speak `halyard.v1`.
// The robustness suite uses it in tests that count the work of one turn, or let minutes pass.
import { createWebSocketSystem } from "@halyard/server";
import type { WebSocketInstance, WebSocketManager, WebSocketManagerConfig } from "@halyard/server";
import { createTestClock } from "@halyard/testing";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Frame, Position } from "./frame.ts";

export type Resume = Readonly<Record<string, Position>>;

/** A socket in memory that stores the frames that the node has sent. */
export class MemorySocket implements WebSocketInstance {
  readonly data: WebSocketInstance["data"];
  readyState = 1;
  readonly texts: string[] = [];

  constructor(userId: string) {
    this.data = { userId, protocol: "halyard.v1" };
  }

  send(text: string): void {
    this.texts.push(text);
  }

  /** The code and the reason of the close by the node. */
  closed: readonly [code: number | undefined, reason: string | undefined] | undefined;

  close(code?: number, reason?: string): void {
    this.readyState = 3;
    this.closed ??= [code, reason];
  }

  /** Removes and returns the frames since the last call. */
  take(): Frame[] {
    return this.texts.splice(0).map((text) => JSON.parse(text) as Frame);
  }
}

type MemoryNodeConfig = Omit<WebSocketManagerConfig, "clock"> & { readonly isRealTime?: boolean };

export class MemoryNode {
  readonly clock = createTestClock();
  readonly manager: WebSocketManager;
  readonly handlers: ReturnType<typeof createWebSocketSystem>["handlers"];
  #clients = 0;

  readonly #isRealTime: boolean;

  /** @param config with `isRealTime` the node uses the clock of the runtime in place of the test clock. @default false */
  constructor({ isRealTime = false, ...config }: MemoryNodeConfig = {}) {
    this.#isRealTime = isRealTime;
    const options = { builtIns: { presence: false }, authorize: () => true, ...config } as const;
    const system = createWebSocketSystem({ ...options, ...(isRealTime ? {} : { clock: this.clock }) });
    this.manager = system.manager;
    this.handlers = system.handlers;
  }

  /** Connects a client and sends its hello, with its rooms and the rooms of its positions. Does not wait for the welcome. */
  begin(userId: string, positions: Resume = {}, rooms: readonly string[] = []): MemorySocket {
    const socket = new MemorySocket(userId);
    this.manager.handleOpen(socket);
    const joined = Object.keys(positions).filter((ch) => ch.startsWith("room:"));
    const hello = {
      type: "hello",
      clientId: `client-${String(++this.#clients)}`.padEnd(22, "_"),
      attempt: 1,
      positions: Object.entries(positions).map(([ch, position]) => ({ ch, ...position })),
      rooms: [...rooms, ...joined.map((ch) => ch.slice("room:".length))],
      $: { id: "h" },
    };
    this.manager.handleMessage(socket, JSON.stringify(hello));
    return socket;
  }

  /** Connects a client. @returns its socket, its welcome and the frames after the welcome */
  async connect(
    userId: string,
    positions: Resume = {},
    rooms: readonly string[] = [],
  ): Promise<{ readonly socket: MemorySocket; readonly welcome: Frame; readonly frames: Frame[] }> {
    const socket = this.begin(userId, positions, rooms);
    await this.settle();
    const all = socket.take();
    const at = all.findIndex(({ type }) => type === "welcome");
    const welcome = all[at];
    if (welcome === undefined) throw new Error(`no welcome among ${JSON.stringify(all).slice(0, 500)}`);
    return { socket, welcome, frames: all.slice(at + 1) };
  }

  async drop(socket: MemorySocket): Promise<void> {
    socket.readyState = 3;
    this.manager.handleClose(socket, 1006);
    await this.settle();
  }

  /** Publishes a chat message of a user in a room. */
  async chat(userId: string, room: string, content: string): Promise<void> {
    const from = { userId, name: "Ada", connectedAt: new Date(0).toISOString() };
    await this.manager.sendToRoom(room, { type: "chat_message", content, from });
  }

  /** The memory of the history as the node counts it; NaN for a node that does not count it. */
  get history(): { readonly bytes: number; readonly evicted: number } {
    const metrics = this.manager.getMetrics() as { readonly history?: { bytes: number; evicted: number } };
    return metrics.history ?? { bytes: NaN, evicted: NaN };
  }

  /** Waits for all work that is due now. */
  async settle(): Promise<void> {
    if (!this.#isRealTime) await this.clock.advance(0);
    else for (let turns = 0; turns < 20; turns++) await nextTurn();
  }
}
