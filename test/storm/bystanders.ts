// The program of five other users, whose process does nothing else: each user measures a round trip ten times a second.
// `pin.ts` starts the program and reads the times. The program also measures how late its own timers are: that delay comes from
// the machine and not from the server.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { readInput, serveParent } from "../support/child.ts";
import { RawClient } from "../support/raw-client.ts";
import { connectOptions } from "./connect-options.ts";

export interface BystandersInput {
  readonly port: number;
}

/** The times since the last reading, in ms. */
export interface BystanderTimes {
  readonly roundTrips: readonly number[];
  /** The delays of the timers of this process. */
  readonly delays: readonly number[];
}

const USERS = 5;
const EVERY_MS = 100;
const ANSWER_MS = 60_000;

const { port } = readInput<BystandersInput>();
let roundTrips: number[] = [];
let delays: number[] = [];

async function connect(n: number): Promise<RawClient> {
  return new RawClient(connectOptions(port, `other-${String(n)}`)).open();
}

async function measureRoundTrips(client: RawClient): Promise<void> {
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
    for (const client of clients) void measureRoundTrips(client);
  },
  read: (): BystanderTimes => {
    const times = { roundTrips, delays };
    roundTrips = [];
    delays = [];
    return times;
  },
});
