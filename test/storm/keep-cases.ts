// The cases of `keep.ts`: each fills one kind of memory of the server, and has the bound that follows from the default limits.
import { DEFAULT_LIMITS } from "@halyard/server";
import type { AppServer } from "../support/app-server.ts";
import { handshake } from "../support/handshake.ts";
import type { RawClient } from "../support/raw-client.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { connectOptions } from "./connect-options.ts";

interface Scene {
  readonly port: number;
  readonly server: AppServer;
}

export interface KeepCase {
  readonly name: string;
  readonly boundMib: number;
  /** Whether resident memory is measured, because the runtimes do not count the unsent bytes of sockets. @default false */
  readonly isResident?: boolean;
  /** The factor of the bound on Bun. @default 1 */
  readonly bunFactor?: number;
  /** Fills the memory of the server. @returns a function that closes the connections of the case */
  readonly fill: (scene: Scene) => Promise<() => Promise<void>>;
}

const MIB = 1024 * 1024;
const CONNECTIONS = 20;
const LIMITS = DEFAULT_LIMITS;
/** Nearly `limits.messageBytes`; its last character makes it take two bytes a character in memory. */
const LARGE = `${"x".repeat(65_000)}ā`;
const inMib = (bytes: number): number => Math.ceil(bytes / MIB);

export const KEEP_CASES: readonly KeepCase[] = [
  {
    name: "a visitor: 5,000 refused upgrades",
    boundMib: 0,
    fill: async ({ port }) => {
      for (let n = 0; n < 5_000; n += 50)
        await Promise.all(Array.from({ length: 50 }, async () => handshake({ port, headers: [] })));
      return nothingToEnd;
    },
  },
  {
    name: "one user: history",
    boundMib: inMib(LIMITS.historyTotalBytes / 8),
    fill: async ({ port }) => {
      await chat(port, { user: "eve", rooms: 50, messages: 600 });
      return nothingToEnd;
    },
  },
  {
    name: "a thousand users: history",
    // The node also stores the latest replies of each of the thousand clients.
    boundMib: inMib(LIMITS.historyTotalBytes + 1_000 * 4 * 1_024),
    fill: async ({ port }) => {
      for (let n = 0; n < 1_000; n += 10)
        await Promise.all(
          Array.from({ length: 10 }, async (_, k) =>
            chat(port, { user: `user-${String(n + k)}`, rooms: 1, messages: 3 }),
          ),
        );
      return nothingToEnd;
    },
  },
  {
    name: "one user: sends that wait",
    boundMib: inMib(LIMITS.userWaitingSends * LIMITS.messageBytes * 2),
    fill: async ({ port }) => {
      const clients = await openAll(port, "eve");
      for (const client of clients)
        for (let n = 0; n <= LIMITS.waitingSends; n++) client.post("wait", { ms: 60_000, tag: LARGE });
      await Promise.all(clients.map(async (client) => client.sync()));
      return closeAll(clients);
    },
  },
  {
    name: "one user: requests that run or wait",
    boundMib: inMib(
      CONNECTIONS * (LIMITS.runningRequests + LIMITS.waitingRequests) * LIMITS.messageBytes * 2,
    ),
    fill: async ({ port }) => {
      const clients = await openAll(port, "eve");
      const input = { ms: 60_000, tag: LARGE };
      for (const client of clients)
        for (let n = 0; n < LIMITS.runningRequests + LIMITS.waitingRequests; n++)
          client.send({ type: "request", name: "wait", input, $: { id: `r${String(n)}` } });
      await Promise.all(clients.map(async (client) => client.sync()));
      return closeAll(clients);
    },
  },
  {
    name: "one user: messages that are not read",
    boundMib: inMib(CONNECTIONS * LIMITS.maxBufferedBytes),
    isResident: true,
    // The buffer of a socket grows by doubling.
    bunFactor: 2,
    fill: async ({ port, server }) => {
      const clients = await openAll(port, "eve");
      for (const client of clients) client.pause();
      // The kernel buffers some MiB for each connection before the server has to.
      for (let n = 0; n < 8; n++)
        await server.command("publish", { count: 100, padding: 10_000, userId: "eve", everyMs: 1 });
      return closeAll(clients);
    },
  },
  {
    name: "one user: replies to requests",
    boundMib: inMib(2 * CONNECTIONS * 256 * 1_024 * 2),
    fill: async ({ port }) => {
      for (let n = 0; n < 3 * CONNECTIONS; n++) {
        const client = await open(port, "eve");
        for (let k = 0; k < 40; k++) await client.request("echo", { value: LARGE.slice(-8_000) });
        await client.close();
      }
      return nothingToEnd;
    },
  },
];

const nothingToEnd = async (): Promise<void> => Promise.resolve();

async function open(port: number, user: string): Promise<V1Client> {
  const client = await new V1Client(connectOptions(port, user), new Page()).open();
  await client.hello();
  return client;
}

async function openAll(port: number, user: string): Promise<readonly V1Client[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, async () => open(port, user)));
}

function closeAll(clients: readonly RawClient[]): () => Promise<void> {
  return async () => {
    await Promise.allSettled(clients.map(async (client) => client.cut()));
  };
}

/** Joins rooms, writes into them in turn, and leaves. */
async function chat(
  port: number,
  { user, rooms, messages }: { readonly user: string; readonly rooms: number; readonly messages: number },
): Promise<void> {
  const client = await open(port, user);
  for (let n = 0; n < rooms; n++) await client.join(`${user}-${String(n)}`);
  for (let n = 0; n < messages; n++) {
    await client.deliver("chat_message", { content: LARGE }, `room:${user}-${String(n % rooms)}`);
    client.frames.length = 0;
  }
  await client.close();
}
