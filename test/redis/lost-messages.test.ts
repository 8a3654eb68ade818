// Clients of real nodes, on a real redis-server that is killed and comes back with what it had saved: messages that clients were
// told of are gone. Which clients hear of it, and how often.
import { describe, expect, it, onTestFinished } from "vitest";
import { RedisNodes } from "./support/redis-nodes.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until } from "../support/wait.ts";

const LONG_MS = 30_000;
const ROOM = "hall";
/** A room that loses nothing. */
const OTHER = "yard";

async function start(nodes: number): Promise<RedisNodes> {
  const all = await RedisNodes.start({ nodes });
  onTestFinished(() => all.stop());
  return all;
}

/** Opens a page of a user in both rooms, or brings it back. */
async function open(all: RedisNodes, node: number, userId: string, page = new Page()): Promise<V1Client> {
  for (const room of [ROOM, OTHER]) page.rooms.add(room);
  const client = await all.open(node, userId, page);
  await client.hello();
  return client;
}

const heard = (client: V1Client, room = ROOM): string[] =>
  client
    .all((frame) => frame.type === "announcement" && frame.$?.ch === `room:${room}`)
    .map((frame) => String(frame["message"]));

const gapsOf = (...clients: readonly V1Client[]): string[] =>
  clients.flatMap((client) => client.all("gap").map(({ ch, reason }) => `${String(ch)} ${String(reason)}`));

async function publish(all: RedisNodes, node: number, message: string, room = ROOM): Promise<void> {
  const { error } = await all.node(node).manager.sendToRoom(room, { type: "announcement", message });
  expect(error).toBeUndefined();
}

const save = ({ redis }: RedisNodes): Promise<unknown> =>
  redis.control((client) => client.sendCommand(["SAVE"]));

async function goBack(all: RedisNodes): Promise<void> {
  await all.redis.kill();
  await all.redis.start();
  await all.whenHealthy();
}

const arrival = (client: V1Client, text: string, room = ROOM): Promise<unknown> =>
  until(`"${text}" to arrive`, () => heard(client, room).includes(text), LONG_MS);

describe("a message that was delivered, and that Redis has lost", () => {
  it(
    "is one gap for each client that may have missed it, wherever it resumes; a channel that lost nothing has none [I4]",
    { timeout: 2 * LONG_MS },
    async () => {
      const all = await start(3);
      const [seeing, alsoSeeing] = [await open(all, 0, "ada"), await open(all, 1, "bea")];
      const pages = [new Page(), new Page(), new Page()];
      const away = await Promise.all(pages.map((page, n) => open(all, n % 2, `away-${String(n)}`, page)));
      await publish(all, 0, "kept");
      await publish(all, 0, "kept", OTHER);
      for (const client of [seeing, alsoSeeing, ...away])
        await Promise.all([arrival(client, "kept"), arrival(client, "kept", OTHER)]);
      await save(all);
      await Promise.all(away.map((client) => client.close()));
      await publish(all, 0, "lost");
      await Promise.all([seeing, alsoSeeing].map((client) => arrival(client, "lost")));
      await goBack(all);

      // One comes back to a node that never saw the message, and two to nodes that did; nothing is published yet.
      const back = await Promise.all(pages.map((page, n) => open(all, 2 - n, `away-${String(n)}`, page)));
      await until(
        "everyone to be told",
        () => [seeing, alsoSeeing, ...back].every((client) => gapsOf(client).length > 0),
        LONG_MS,
      );
      for (const room of [ROOM, OTHER]) await publish(all, 1, "next", room);
      for (const client of [seeing, alsoSeeing, ...back]) {
        await Promise.all([arrival(client, "next"), arrival(client, "next", OTHER)]);
        await client.sync();
        expect(gapsOf(client)).toEqual([expect.stringMatching(/^room:hall (lost|trimmed)$/)]);
      }
      expect(heard(seeing)).toEqual(["kept", "lost", "next"]);
    },
  );
});

describe("a room that the server gave, and that Redis has lost", () => {
  it.each(["FLUSHALL", "a restart with older data"])(
    "is the client's on its next connection after %s, and one that was taken since is not",
    { timeout: 2 * LONG_MS },
    async (loss) => {
      const all = await start(2);
      const page = new Page();
      const first = await all.open(0, "ada", page);
      await first.hello();
      const { manager } = all.node(0);
      const [ws] = manager.wsInstances.get("ada") ?? [];
      if (ws === undefined) throw new Error("not connected");
      await manager.join(ws, "taken");
      await save(all);
      await manager.leave(ws, "taken");
      await manager.join(ws, ROOM);
      await first.next("joined");
      if (loss === "FLUSHALL") await all.redis.control((client) => client.flushAll());
      else await goBack(all);
      const rooms = await all.redis.control((client) => client.sendCommand(["KEYS", "halyard:rooms:*"]));
      expect(rooms).toHaveLength(loss === "FLUSHALL" ? 0 : 1);
      const stored = async (): Promise<unknown> =>
        all.redis.control(async (client) => {
          const [key = ""] = (await client.sendCommand(["KEYS", "halyard:rooms:*"])) as unknown as string[];
          return client.sendCommand(["SMEMBERS", key]);
        });
      await expect.poll(stored, { timeout: LONG_MS }).toEqual([ROOM]);
      await first.close();
      const second = await all.open(1, "ada", page);
      const { channels } = await second.hello();
      expect(Object.keys(channels as object).sort()).toEqual(["all", `room:${ROOM}`, "user:ada"]);
    },
  );
});
