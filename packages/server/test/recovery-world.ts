import { expect } from "vitest";
import type { FakeSocket, Heard } from "./fake-socket.ts";
import { TestSystem } from "./test-system.ts";

const ROOMS = ["a", "b"];
export const CHANNELS = ["all", ...ROOMS.map((room) => `room:${room}`)];

export interface Position {
  readonly epoch: string;
  readonly off: number;
}

interface Stored {
  /** Set once the backplane has given it. */
  off: number;
  /** The client that does not get it. */
  readonly except: Client | undefined;
}

type Log = ReadonlyMap<string, Stored[]>;

/** A v1 client as PROTOCOL.md has it: it keeps its last position per channel, and holds the server to its word. */
export class Client {
  readonly clientId: string;
  ws: FakeSocket | undefined;
  attempt = 0;
  isWelcome = false;
  readonly positions = new Map<string, Position>();
  /** The reasons of what it was told could not be delivered. */
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

  /** What it should have got and did not. */
  missing(): unknown[] {
    const after = CHANNELS.flatMap((ch) => this.#after(ch, this.positions.get(ch)?.off ?? -1));
    return after.filter(({ except }) => except !== this);
  }

  #welcomed(frame: Heard): void {
    this.isWelcome = true;
    const channels = frame["channels"] as Record<string, Position & { readonly recovered: unknown }>;
    for (const [ch, { epoch, off, recovered }] of Object.entries(channels)) {
      if (recovered === true) expect({ epoch, off }).toEqual(this.positions.get(ch));
      else if (recovered === "new") this.positions.set(ch, { epoch, off });
      else expect(["lost", "trimmed", "too_many"]).toContain(recovered); // A gap follows, and moves the position.
    }
  }

  #gap(frame: Heard): void {
    const { ch, epoch, off, reason } = frame as unknown as Position & { ch: string; reason: string };
    this.gaps.push(reason);
    this.positions.set(ch, { epoch, off });
  }

  /** A frame of a channel: nothing that was meant for this client may lie between its position and the frame. */
  #moved({ type, $ }: Heard): void {
    const { ch = "", off = 0 } = $ ?? {};
    const position = this.positions.get(ch) ?? { epoch: "", off: Infinity };
    expect(off).toBeGreaterThan(position.off);
    const passed = this.#after(ch, position.off).filter((each) => each.off <= off);
    const mine = passed.filter(({ except }) => except !== this).map((each) => each.off);
    expect(mine).toEqual(type === "skip" ? [] : [off]);
    expect(passed.at(-1)?.off).toBe(off);
    this.positions.set(ch, { ...position, off });
  }

  #after(ch: string, off: number): Stored[] {
    return (this.#log.get(ch) ?? []).filter((each) => each.off > off);
  }
}

/** One node, three clients, and the whole log of what was ever said. */
export class RecoveryWorld {
  readonly clients: readonly Client[];
  readonly system: TestSystem;
  readonly #log: Log = new Map<string, Stored[]>(CHANNELS.map((ch) => [ch, []]));

  constructor(limits: { historyMessages: number; historyBytes: number; historyMs: number }) {
    this.clients = ["ada", "bea", "cleo"].map((name) => new Client(name.padEnd(22, "_"), this.#log));
    this.system = new TestSystem({
      limits,
      builtIns: { presence: false },
      // Rights are looked up somewhere else, which takes a while: anything may come in between.
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

  /** Connects anew, whether the socket before is gone or not; `during` happens while hello is being answered. */
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

  /** Lets everything arrive that is under way. */
  async settle(): Promise<void> {
    await this.system.clock.settle();
    for (const client of this.clients) client.read();
  }
}

/** So many turns of promises. */
export async function ticks(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
