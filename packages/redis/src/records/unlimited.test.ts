import { expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";

const redis = useRedis();
const admitted = { admitted: true, replaced: [] };

it("limits of infinity are none: of connections, of users whose states are told, of messages and bytes of the history", async () => {
  const node = await redis.nodes.start();
  const { backplane } = node;
  const limit = Infinity;
  const slot = { user: "ada", client: "c", attempt: 1, connectionId: `${backplane.nodeId}.1`, limit };
  expect(await backplane.admit({ ...slot, policy: "reject" })).toEqual(admitted);
  const state = { json: "{}", setAt: 1, announcedUsers: Infinity };
  await backplane.applyPresence([
    { op: "+", room: undefined, profile: "{}", ...slot },
    { op: "+", room: "r", user: "ada", connectionId: slot.connectionId, profile: "{}" },
    { op: "+", room: "r", user: "ada", connectionId: slot.connectionId, profile: "{}", state },
  ]);
  expect(node.states("r")).toEqual(["+ada -", "~ada {}"]);
  const history = { messages: Infinity, bytes: Infinity, ms: 1_000.5 };
  expect(await node.publish("all", "hi", { history })).toMatchObject({ duplicate: false });
  expect((await backplane.read("all", { after: 0, limit: 10 })).entries).toHaveLength(1);
});

it("a user may have 5,000 connections, whose slots all stay", async () => {
  const { backplane } = await redis.nodes.start();
  const slotOf = (n: number) => [
    "c" + String(n),
    JSON.stringify({ o: { id: `x.${String(n)}`, lease: "x/1", attempt: 1, at: n } }),
  ];
  const slots = Array.from({ length: 5_000 }, (_, n) => slotOf(n)).flat();
  await redis.server.control((client) => client.sendCommand(["HSET", "halyard:slots:ada", ...slots]));
  const slot = { user: "ada", client: "c", attempt: 1, connectionId: `${backplane.nodeId}.1`, limit: 5_001 };
  expect(await backplane.admit({ ...slot, policy: "reject" })).toEqual(admitted);
  expect(await redis.server.control((client) => client.hLen("halyard:slots:ada"))).toBe(5_001);
});
