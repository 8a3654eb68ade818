// The program that `distinct.ts` starts on a runtime: a server in memory on a test clock, to which visitors connect, send and
// disconnect. Each visitor has its own user, client and rooms. The program prints the growth of the heap as JSON.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defineProtocol, message, request } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { createTestClock } from "@halyard/testing";
import { z } from "zod";

const BATCH = 500;
/** The time between two batches, in ms of the test clock. */
const BATCH_MS = 10_000;
/** Longer than the server stores any data of a disconnected client. */
const RETENTION_MS = 11 * 60_000;
const MAX_WARM_UP = 5_000;
/** The fewest frames of a visitor: welcome, lists, chat message and receipt, replies and announcement. */
const MIN_FRAMES = 6;
/** The close codes of visitors: closed by the page, gone away, and lost without a close frame. */
const CLOSES = [1000, 1001, 1006];

const count = Number(process.argv[2]);
const clock = createTestClock();
const { manager, handlers } = createWebSocketSystem({
  protocol: defineProtocol({
    clientMessages: { cursor: message(z.object({ x: z.int() }), { ephemeral: true, relay: "room" }) },
    requests: { echo: request({ input: z.string(), output: z.string() }) },
    presence: { state: z.object({ status: z.string() }) },
  }),
  authorize: () => true,
  onDisconnect: () => {},
  logger: false,
  clock,
});
handlers.onRequest("echo", (text) => text);

class Visitor {
  readonly data: { readonly userId: string; readonly protocol: string };
  readonly #number: number;
  readyState = 1;
  /** The number of received frames. */
  received = 0;

  constructor(number: number) {
    this.#number = number;
    this.data = { userId: `user ${String(number)}`, protocol: "halyard.v1" };
    manager.handleOpen(this);
  }

  send(): void {
    this.received++;
  }

  close(): void {}

  enter(): void {
    const clientId = `client-${String(this.#number).padStart(16, "0")}`;
    this.#say({ type: "hello", clientId, attempt: 1, rooms: [this.#room], positions: [] });
  }

  /** Sends every kind of message for which the server stores something. */
  say(): void {
    const room = this.#room;
    const $ = { ch: `room:${room}` };
    this.#say({ type: "chat_message", content: "hello", $: { ...$, seq: 1 } });
    this.#say({ type: "cursor", x: 1, $ });
    this.#say({ type: "typing_indicator", isTyping: true, $ });
    this.#say({ type: "presence_update", room, state: { status: "here" }, $: { id: "1" } });
    this.#say({ type: "request", name: "echo", input: room, $: { id: "2" } });
    this.#say({ type: "join", room: `other ${room}`, $: { id: "3" } });
    void manager.sendToUser(this.data.userId, { type: "announcement", message: "welcome" });
  }

  leave(): void {
    this.readyState = 3;
    manager.handleClose(this, CLOSES[this.#number % CLOSES.length]);
  }

  get #room(): string {
    return `room ${String(this.#number)}`;
  }

  #say(frame: object): void {
    manager.handleMessage(this, JSON.stringify(frame));
  }
}

let visitors = 0;

/** Lets visitors connect, send and disconnect, in batches. @throws Error when a visitor received too few frames */
async function comeAndGo(total: number): Promise<void> {
  for (let done = 0; done < total; done += BATCH) {
    const batch = Array.from({ length: BATCH }, () => new Visitor(++visitors));
    await clock.advance(0);
    for (const visitor of batch) visitor.enter();
    await clock.advance(0);
    for (const visitor of batch) visitor.say();
    await clock.advance(BATCH_MS / 2);
    const silent = batch.find(({ received }) => received < MIN_FRAMES);
    if (silent) throw new Error(`${silent.data.userId} got ${String(silent.received)} frames`);
    for (const visitor of batch) visitor.leave();
    await clock.advance(BATCH_MS / 2);
  }
  await clock.advance(RETENTION_MS);
}

function heapAfterCollection(): number {
  const { Bun } = globalThis as { readonly Bun?: { gc(isSynchronous: boolean): void } };
  if (Bun) Bun.gc(true);
  else {
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
  }
  return process.memoryUsage().heapUsed;
}

await comeAndGo(Math.min(count, MAX_WARM_UP));
const before = heapAfterCollection();
await comeAndGo(count);
const grownBytes = heapAfterCollection() - before;
process.stdout.write(JSON.stringify({ visitors: count, heapBytes: before, grownBytes }));
process.exit(0);
