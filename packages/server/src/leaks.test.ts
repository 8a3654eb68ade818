import { queryObjects } from "node:v8";
import { defineProtocol, message, request } from "@halyard/protocol";
import { expect, it } from "vitest";
import { z } from "zod";
import { FakeSocket } from "../test/fake-socket.ts";
import { TestSystem } from "../test/test-system.ts";
import { Channel } from "./channels/channel.ts";
import { KeyedThrottle } from "./utils/keyed-throttle.ts";
import { Connection } from "./connection/connection.ts";
import { OutboundFrame } from "./delivery/outbound-frame.ts";
import { HandlerInvocation } from "./messages/handler-context.ts";
import { SerialQueue } from "./utils/serial-queue.ts";
import { ChannelLog } from "./memory/channel-log.ts";
import { Roster } from "./memory/roster.ts";
import { KeyedSerialQueue } from "./utils/keyed-serial-queue.ts";
import { PresenceView } from "./presence/presence-view.ts";
import { PendingServerRequests } from "./connection/pending-server-requests.ts";
import { ConcurrencyLimiter } from "./utils/concurrency-limiter.ts";
import { TokenBucket } from "@halyard/protocol/internal";

const protocol = defineProtocol({
  clientMessages: { cursor: message(z.object({ x: z.int() }), { ephemeral: true, relay: "room" }) },
  requests: { echo: request({ input: z.string(), output: z.string() }) },
  serverRequests: { confirm: request({ input: z.string(), output: z.string() }) },
});

/** The classes whose objects are created for a connection, a room or a message. */
const CLASSES = [
  Channel,
  ChannelLog,
  KeyedThrottle,
  Connection,
  FakeSocket,
  OutboundFrame,
  HandlerInvocation,
  SerialQueue,
  KeyedSerialQueue,
  PresenceView,
  PendingServerRequests,
  ConcurrencyLimiter,
  Roster,
  TokenBucket,
];

/** The number of objects of each class, after a garbage collection. */
function countObjects(): Record<string, number> {
  return Object.fromEntries(
    CLASSES.map((created) => [created.name, queryObjects(created, { format: "count" })]),
  );
}

const CLOSES = [1000, 1001, 1005, 1006, 3001];

/** Opens one connection, sends messages of every kind on it, and closes it in one of several ways. */
async function runConnection(system: TestSystem<typeof protocol>, n: number): Promise<void> {
  const [user, room] = [`u${String(n % 700)}`, `r${String(n % 300)}`];
  const ws = n % 3 === 0 ? await system.open(user) : await system.openV1(user);
  if (n % 3 !== 0) {
    if (n % 50 === 1) system.manager.handleClose(ws, 1006);
    const clientId = `client-${String(n % 900)}`.padEnd(20, "_");
    system.hand(ws, { type: "hello", clientId, attempt: n + 1, rooms: [room] });
    if (n % 7 !== 0) await system.clock.settle();
  }
  const $ = { ch: `room:${room}` };
  system.hand(ws, { type: "join", room, $: { id: "1" } });
  system.hand(ws, { type: "join", room: `own-${String(n)}`, $: { id: "2" } });
  system.hand(ws, { type: "request", name: "echo", input: "a", $: { id: "3" } });
  system.hand(ws, { type: "chat_message", content: "a", $: { seq: 1 } });
  system.manager.request(ws, "confirm", "a", { timeoutMs: 1_000 }).catch(() => undefined);
  if (n % 5 !== 0) await system.clock.settle();
  system.hand(ws, { type: "chat_message", content: "b", $: { seq: 2, ...$ } });
  system.hand(ws, { type: "typing_indicator", isTyping: true, $ });
  for (let x = 0; x < 3; x++) system.hand(ws, { type: "cursor", x, $ });
  system.hand(ws, "{");
  if (n % 4 === 0) await system.clock.settle();
  if (n % 11 === 0) await system.manager.disconnectUser(user, { code: 4403 });
  else await system.drop(ws, CLOSES[n % CLOSES.length]);
  if (n % 40 === 0) await system.clock.advance(700);
}

it("a node keeps nothing in memory of 2,000 connections after they have closed", async () => {
  const system: TestSystem<typeof protocol> = new TestSystem<typeof protocol>({
    protocol,
    authorize: () => true,
    onConnect: ({ ws }) => system.manager.join(ws, "lobby"),
  });
  system.handlers.onRequest("echo", (input) => input);
  const countAfterRetention = async (): Promise<Record<string, number>> => {
    // Grace periods, idle channels, histories and stored results: none is kept longer than five minutes.
    for (let minute = 0; minute < 20; minute++) {
      system.clock.skip(60_000);
      await system.clock.settle();
    }
    return countObjects();
  };
  for (let n = 0; n < 50; n++) await runConnection(system, n);
  const before = await countAfterRetention();
  for (let n = 50; n < 2_050; n++) await runConnection(system, n);
  expect(await countAfterRetention()).toEqual(before);

  const { channels, deduplicator } = system.internals;
  expect(system.manager.getConnectionStats()).toEqual({ totalUsers: 0, totalConnections: 0 });
  expect([system.manager.wsInstances.size, system.manager.connectedUsers.size]).toEqual([0, 0]);
  expect([channels.size, deduplicator.size]).toEqual([0, 0]);
  expect((await system.manager.listUsers()).total).toBe(0);
  // The timers of the heartbeat, of the event loop's monitor and of the backplane's sweep.
  expect(system.clock.timers).toBe(3);
  await system.manager.close();
  expect(system.clock.timers).toBe(0);
}, 60_000);
