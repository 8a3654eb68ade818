import { expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";

const redis = useRedis();
const RECORD_MS = 300_000;
const command = (...args: string[]): Promise<unknown> =>
  redis.server.control((client) => client.sendCommand(args));
const holders = (user: string): Promise<unknown> => command("ZRANGE", `halyard:holders:${user}`, "0", "-1");

it("a client that is gone stays in no list of its user's clients with rooms", async () => {
  const { backplane } = await redis.nodes.start();
  for (const client of ["gone", "away"]) await backplane.giveRoom({ user: "ada", client }, "team");
  expect(await command("PTTL", "halyard:holders:ada")).toBeLessThanOrEqual(RECORD_MS);
  // Five minutes pass for one of them.
  await command("ZADD", "halyard:holders:ada", String(Date.now() - 1), "gone");
  await command("DEL", "halyard:rooms:3:adagone");
  await backplane.giveRoom({ user: "ada", client: "new" }, "team");
  expect(await holders("ada")).toEqual(["away", "new"]);
  await backplane.takeRoom({ user: "ada", client: "new" }, "team");
  expect(await holders("ada")).toEqual(["away"]);
});

it("a ban finds a client that has been open for long, and one that is away", async () => {
  const { backplane } = await redis.nodes.start();
  const connectionId = `${backplane.nodeId}.1`;
  const [open, away] = [
    { user: "bea", client: "open" },
    { user: "bea", client: "away" },
  ];
  await backplane.admit({ ...open, connectionId, attempt: 1, limit: 2, policy: "reject" });
  const key = { room: undefined, user: "bea", connectionId };
  await backplane.applyPresence([{ op: "+", ...key, profile: "{}" }]);
  for (const ref of [open, away]) await backplane.giveRoom(ref, "team");
  expect(await command("ZSCORE", "halyard:holders:bea", "open")).toBe(Infinity);
  expect(await command("PTTL", "halyard:holders:bea")).toBe(-1);
  await backplane.revoke({ user: "bea", notBefore: 5, code: 4403, reason: "" }, 10_000);
  for (const ref of [open, away]) expect(await backplane.givenRooms(ref)).toEqual([]);

  await backplane.giveRoom(open, "team");
  await backplane.applyPresence([{ op: "-", ...key, graceMs: 0 }]);
  const ttl = Number(await command("PTTL", "halyard:holders:bea"));
  expect(ttl).toBeGreaterThan(RECORD_MS - 10_000);
  expect(ttl).toBeLessThanOrEqual(RECORD_MS);
});
