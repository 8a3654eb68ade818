// Five other users, in a process of their own that does nothing else: each asks for a round trip ten times a second.
// Started by `pin.ts`, which reads the times. The delay of this process itself is measured beside them: a late timer here
// is the machine's, not the server's.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { ORIGIN } from "../fixtures/identity.ts";
import { readInput, serveParent } from "../support/child.ts";
import { RawClient } from "../support/raw-client.ts";

export interface BystandersInput {
  readonly port: number;
}

/** Since the last reading, in ms. */
export interface BystanderTimes {
  readonly roundTrips: readonly number[];
  /** How late the timers of this process were. */
  readonly delays: readonly number[];
}

const USERS = 5;
const EVERY_MS = 100;
const ANSWER_MS = 60_000;

const { port } = readInput<BystandersInput>();
let roundTrips: number[] = [];
let delays: number[] = [];

async function connect(n: number): Promise<RawClient> {
  const headers = { cookie: `session=other-${String(n)}`, origin: ORIGIN };
  return new RawClient({ url: `ws://127.0.0.1:${String(port)}/ws`, headers }).open();
}

async function askAgainAndAgain(client: RawClient): Promise<void> {
  for (;;) {
    const dueAt = performance.now() + EVERY_MS;
    await pause(EVERY_MS);
    const sentAt = performance.now();
    delays.push(Math.max(0, sentAt - dueAt));
    const id = randomUUID();
    client.send({ type: "ping", $: { id } });
    await client.seen({ type: "pong", $: { re: id } }, ANSWER_MS);
    roundTrips.push(performance.now() - sentAt);
    client.frames.length = 0;
  }
}

serveParent({
  start: async () => {
    const clients = await Promise.all(Array.from({ length: USERS }, async (_, n) => connect(n)));
    for (const client of clients) void askAgainAndAgain(client);
  },
  read: (): BystanderTimes => {
    const times = { roundTrips, delays };
    roundTrips = [];
    delays = [];
    return times;
  },
});
