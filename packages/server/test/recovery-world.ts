import { expect } from "vitest";
import type { FakeSocket, ReceivedFrame } from "./fake-socket.ts";
import { TestSystem } from "./test-system.ts";

const ROOMS = ["a", "b"];
export const CHANNELS = ["all", ...ROOMS.map((room) => `room:${room}`)];

export interface Position {
  readonly epoch: string;
  readonly off: number;
}

interface Stored {
  /** Set once the backplane has returned it. */
  off: number;
  /** The client that the message excludes. */
  readonly except: Client | undefined;
}

type Log = ReadonlyMap<string, Stored[]>;

/** A v1 client as PROTOCOL.md describes it: it keeps its last position per channel, and checks each frame against it. */
export class Client {
  readonly clientId: string;
  ws: FakeSocket | undefined;
  attempt = 0;
  isWelcome = false;
  readonly positions = new Map<string, Position>();
  /** The reasons of the gaps that it received. */
  readonly gaps: string[] = [];
  readonly #log: Log;

  constructor(clientId: string, log: Log) {
    this.clientId = clientId;
    this.#log = log;
  }

  read(): void {
    for (const frame of this.ws?.take() ?? []) {
      if (frame.type === "welcome") this.#welcomed(frame);
      else if (frame.type === "gap") this.#gap(frame);
      else if (frame.$?.off !== undefined) this.#moved(frame);
    }
  }

  /** The messages that it should have received and did not. */
  missing(): unknown[] {
    const after = CHANNELS.flatMap((ch) => this.#after(ch, this.positions.get(ch)?.off ?? -1));
    return after.filter(({ except }) => except !== this);
  }

  #welcomed(frame: ReceivedFrame): void {
    this.isWelcome = true;
    const channels = frame["channels"] as Record<string, Position & { readonly recovered: unknown }>;
    for (const [ch, { epoch, off, recovered }] of Object.entries(channels)) {
      if (recovered === true) expect({ epoch, off }).toEqual(this.positions.get(ch));
      else if (recovered === "new") this.positions.set(ch, { epoch, off });
      else expect(["lost", "trimmed", "too_many"]).toContain(recovered); // A gap follows, and moves the position.
    }
  }

  #gap(frame: ReceivedFrame): void {
    const { ch, epoch, off, reason } = frame as unknown as Position & { ch: string; reason: string };
    this.gaps.push(reason);
    this.positions.set(ch, { epoch, off });
  }

  /** Checks a frame of a channel: no message for this client lies between its position and the frame. */
  #moved({ type, $ }: ReceivedFrame): void {
    const { ch = "", off = 0 } = $ ?? {};
    const position = this.positions.get(ch) ?? { epoch: "", off: Infinity };
    expect(off).toBeGreaterThan(position.off);
    const passed = this.#after(ch, position.off).filter((each) => each.off <= off);
    const expected = passed.filter(({ except }) => except !== this).map((each) => each.off);
    expect(expected).toEqual(type === "skip" ? [] : [off]);
    expect(passed.at(-1)?.off).toBe(off);
    this.positions.set(ch, { ...position, off });
  }

  #after(ch: string, off: number): Stored[] {
    return (this.#log.get(ch) ?? []).filter((each) => each.off > off);
  }
}

/** One node, three clients, and a log of all messages that were published. */
export class RecoveryWorld {
  readonly clients: readonly Client[];
  readonly system: TestSystem;
  readonly #log: Log = new Map<string, Stored[]>(CHANNELS.map((ch) => [ch, []]));

  constructor(limits: { historyMessages: number; historyBytes: number; historyMs: number }) {
    this.clients = ["ada", "bea", "cleo"].map((name) => new Client(name.padEnd(22, "_"), this.#log));
    this.system = new TestSystem({
      limits,
      builtIns: { presence: false },
      // The check of a right takes a few turns, so that other frames come in between.
      authorize: () => ticks(Math.floor(this.system.clock.random() * 6)).then(() => true),
    });
  }

  publish(ch: string, except: Client | undefined): void {
    const { manager, internals } = this.system;
    const ws = except?.isWelcome === true ? except.ws : undefined;
    const isLeftOut = ws !== undefined && internals.connections.of(ws) !== undefined;
    const stored: Stored = { off: Infinity, except: isLeftOut ? except : undefined };
    this.#log.get(ch)?.push(stored);
    const message = { type: "announcement", message: "x".repeat(20) } as const;
    const publishing =
      ch === "all" ? manager.broadcastMessage(message, ws) : manager.sendToRoom(ch.slice(5), message, ws);
    void publishing.then(({ offset = NaN }) => (stored.off = offset));
  }

  /** Connects again, whether the previous socket is closed or not; `during` runs while the hello is handled. */
  async connect(client: Client, during: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const ws = await this.system.openV1(client.clientId.slice(0, 3));
    client.ws = ws;
    client.isWelcome = false;
    const positions = [...client.positions].map(([ch, position]) => ({ ch, ...position }));
    const { clientId } = client;
    this.system.hand(ws, { type: "hello", clientId, attempt: ++client.attempt, positions, rooms: ROOMS });
    await during();
    await this.settle();
  }

  async cut(client: Client): Promise<void> {
    if (client.ws !== undefined) await this.system.drop(client.ws);
    client.ws = undefined;
    client.isWelcome = false;
  }

  /** Lets all pending frames arrive. */
  async settle(): Promise<void> {
    await this.system.clock.settle();
    for (const client of this.clients) client.read();
  }
}

/** Waits for a number of microtasks. */
export async function ticks(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
