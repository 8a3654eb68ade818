// Any order of opens, joins, leaves and closes, by clients, by the application and by its hooks, some of which take time.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";
import type { ConnectionContext, WebSocketData, WebSocketInstance } from "../types.ts";

const ROOMS = ["one", "two", "three"];
const CLOSES = [1000, 1006, 3001];

/** A run: its system, and the calls of hooks by connection. */
class HooksRun {
  readonly calls = new Map<string, string[]>();
  readonly system: TestSystem;
  readonly #script: readonly number[];
  #next = 0;
  readonly #sockets: FakeSocket[] = [];
  #ids = 0;
  /** How often hooks may still act, because a leave in each onJoin and a join in each onLeave would never end. */
  #acts = 40;

  /** @param script the numbers from which everything is chosen */
  constructor(script: readonly number[]) {
    this.#script = script;
    this.system = new TestSystem({
      limits: { rooms: 2 },
      maxConnectionsPerUser: 3,
      onConnectionLimit: "close-oldest",
      authorize: () => this.#later(true),
      data: (context) => this.#meddle(context.ws, {}),
      onConnect: (context) => this.#hook(context, "connect"),
      onJoin: (context, room) => this.#hook(context, `+${room}`),
      onLeave: (context, room) => this.#hook(context, `-${room}`),
      onDisconnect: (context) => this.#hook(context, "disconnect"),
    });
  }

  async step(): Promise<void> {
    const { system } = this;
    const ws = this.#sockets[this.#choose(this.#sockets.length + 2)];
    const $ = { id: String(++this.#ids) };
    const what = this.#choose(4);
    if (ws === undefined) this.#open();
    else if (what === 0) system.hand(ws, { type: "join", room: this.#room(), $ });
    else if (what === 1) system.hand(ws, { type: "leave", room: this.#room(), $ });
    else if (what === 2) this.#meddle(ws, undefined);
    else system.manager.handleClose(ws, CLOSES[this.#choose(CLOSES.length)]);
    if (this.#choose(2) === 0) await system.clock.settle();
    if (this.#choose(3) === 0) await system.clock.advance(20);
  }

  async end(): Promise<void> {
    for (const ws of this.#sockets) this.system.manager.handleClose(ws, 1006);
    await this.system.clock.advance(60_000);
  }

  #open(): void {
    const ws = this.system.begin(`user-${String(this.#choose(2))}`, { protocol: "halyard.v1" });
    this.#sockets.push(ws);
    const clientId = `client-${String(this.#choose(3))}`.padEnd(20, "-");
    const hello = { type: "hello", clientId, attempt: ++this.#ids, positions: [] };
    this.system.hand(ws, { ...hello, rooms: ROOMS.filter(() => this.#choose(2) === 0) });
  }

  #hook({ connectionId, ws }: ConnectionContext, call: string): unknown {
    this.calls.set(connectionId, [...(this.calls.get(connectionId) ?? []), call]);
    return this.#meddle(ws, this.#later(undefined));
  }

  /** Does something with a connection in one of two calls. @returns the answer */
  #meddle<TAnswer>(ws: WebSocketInstance<WebSocketData>, answer: TAnswer): TAnswer {
    const { manager } = this.system;
    const userId = ws.data.userId;
    const acts = [
      () => manager.join(ws, this.#room()),
      () => manager.leave(ws, this.#room()),
      () => manager.removeFromRoom(userId, this.#room()),
      () => manager.reauthorize(userId),
      () => manager.disconnectUser(userId),
      () => manager.disconnectRoom(this.#room()),
    ];
    // Rejections, for example above the limit of rooms, are not what this test is about.
    if (this.#acts-- > 0) acts[this.#choose(2 * acts.length)]?.().catch(() => undefined);
    return answer;
  }

  #later<TAnswer>(answer: TAnswer): TAnswer | Promise<TAnswer> {
    const ms = 30 * (this.#choose(4) - 1);
    if (ms < 0) return answer;
    return new Promise((resolve) => this.system.clock.setTimeout(() => resolve(answer), ms));
  }

  #room(): string {
    return ROOMS[this.#choose(ROOMS.length)] ?? "";
  }

  #choose(count: number): number {
    return (this.#script[this.#next++ % this.#script.length] ?? 0) % count;
  }
}

/** What is wrong with the calls of one connection. */
function faultOf(calls: readonly string[]): string | undefined {
  const rooms = new Set<string>();
  if (calls[0] !== "connect" || calls.at(-1) !== "disconnect") return "does not begin or end";
  for (const call of calls.slice(1, -1)) {
    const room = call.slice(1);
    if (!ROOMS.includes(room) || rooms.has(room) !== call.startsWith("-")) return `has ${call} out of turn`;
    if (!rooms.delete(room)) rooms.add(room);
  }
  return rooms.size > 0 ? "has a join without a leave" : undefined;
}

it("each onConnect has one onDisconnect and each onJoin one onLeave, in order, and nothing is left", async () => {
  const scripts = fc.array(fc.nat(719), { minLength: 50, maxLength: 400 });
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      const run = new HooksRun(script);
      for (let step = 0; step < 60; step++) await run.step();
      await run.end();
      for (const calls of run.calls.values()) expect([calls, faultOf(calls)]).toEqual([calls, undefined]);
      const { rooms, queues, totalConnections } = run.system.manager.getMetrics();
      expect([rooms, totalConnections]).toEqual([0, 0]);
      expect(new Set(Object.values(queues))).toEqual(new Set([0]));
      expect((await run.system.manager.listUsers()).total).toBe(0);
      expect(run.system.errors).toEqual([]);
      await run.system.expectToEndCleanly();
    }),
    { numRuns: 40 },
  );
}, 60_000);
