// Presence on two managers over one store, whose replies and events come late and overtake each other.
import { expect, it } from "vitest";
import { TwoNodes } from "../support/two-nodes.ts";
import type { Frame, NodeSocket } from "../support/two-nodes.ts";

const SLOW = { latencyMs: { min: 1, max: 25 }, seed: 11 };

/** The users in the list of a client, and whether a frame told it what it knew already. */
function listOf({ frames }: NodeSocket): { users: Set<string>; repeated: string[] } {
  const users = new Set<string>();
  const repeated: string[] = [];
  const idsOf = (frame: Frame): string[] =>
    ((frame["users"] ?? []) as readonly { readonly userId: string }[]).map(({ userId }) => userId);
  for (const frame of frames) {
    if (frame.type === "user_list") users.clear();
    if (frame.type === "user_joined") repeated.push(...idsOf(frame).filter((id) => users.has(id)));
    if (frame.type === "user_list" || frame.type === "user_joined")
      for (const id of idsOf(frame)) users.add(id);
    if (frame.type === "user_left") for (const id of frame["userIds"] as readonly string[]) users.delete(id);
  }
  return { users, repeated };
}

it("no client is told of a user who is in its list already, and no client misses one, in 40 joins on two nodes [s-D-presence]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const sockets: NodeSocket[] = [];
  for (let n = 0; n < 40; n++) {
    const node = n % 2 === 0 ? nodes.a : nodes.b;
    const socket = nodes.open(node, `user-${String(n)}`);
    sockets.push(socket);
    socket.say({
      type: "hello",
      clientId: `client-of-user-${String(n).padStart(4, "0")}`,
      attempt: 1,
      rooms: [],
      positions: [],
    });
    await nodes.run(7);
  }
  await nodes.run(5_000);
  const everyone = sockets.map(({ data }) => data.userId).toSorted();
  expect(sockets.flatMap((socket) => listOf(socket).repeated)).toEqual([]);
  for (const socket of sockets) expect([...listOf(socket).users].toSorted()).toEqual(everyone);
});

it("a page of a roster is read for those who wait only: 20 joins and 20 leaves cost no read [s-D-pages]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  await nodes.connect(nodes.a, "ada");
  const pages = nodes.rosterReads;
  for (let n = 0; n < 20; n++) {
    const socket = await nodes.connect(nodes.b, `user-${String(n)}`);
    socket.close(1000);
    await nodes.run(500);
  }
  expect(nodes.rosterReads.a - pages.a).toBe(0);
  expect(nodes.rosterReads.b - pages.b).toBeLessThanOrEqual(21);
});

it("after an interruption a client's list is what the others are [s-D-presence]", async () => {
  const nodes = new TwoNodes();
  const [ada, bea] = [await nodes.connect(nodes.a, "ada"), await nodes.connect(nodes.b, "bea")];
  nodes.shared.partition("a");
  const cleo = await nodes.connect(nodes.b, "cleo");
  bea.close(1000);
  await nodes.run(1_000);
  nodes.shared.heal();
  await nodes.run(8_000);
  expect([...listOf(ada).users].toSorted()).toEqual(["ada", "cleo"]);
  expect([...listOf(cleo).users].toSorted()).toEqual(["ada", "cleo"]);
});
