// A node that had no store for a while: its limits, its rooms and its health, and its return with many clients.
import { CloseCode } from "@halyard/protocol/wire";
import { createTestNetwork } from "@halyard/testing";
import { expect, it } from "vitest";
import { announce, channelsOf, comeBack, dropped, goAway, heard, SLOW } from "../support/away.ts";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";

it("rooms that the server gave are entered when the store is back, also one that is given meanwhile [s-B-given]", async () => {
  let isLate = false;
  const nodes = new TwoNodes({
    authorize: () => false,
    onConnect: async ({ ws }) => {
      if (isLate) await nodes.a.manager.join(ws, "late");
    },
  });
  const clientId = newClientId();
  const first = await nodes.connect(nodes.a, "ada", { clientId });
  await Promise.all([nodes.a.manager.join(first as never, "early"), nodes.run(500)]);
  first.close(1006);
  await nodes.run(20_000);
  await goAway(nodes);
  isLate = true;
  const second = await nodes.connect(nodes.a, "ada", { clientId, attempt: 2 });
  expect(Object.keys(channelsOf(second))).toContain("room:late");
  await comeBack(nodes);
  expect(second.closedWith).toBeUndefined();
  expect(
    second
      .of("joined")
      .map(({ room }) => room)
      .toSorted(),
  ).toEqual(["early", "late"]);
  isLate = false;
  second.close(1006);
  const third = await nodes.connect(nodes.b, "ada", { clientId, attempt: 3 });
  expect(Object.keys(channelsOf(third)).toSorted()).toEqual(
    expect.arrayContaining(["room:early", "room:late"]),
  );
});

it("a room that the server gave says up to where messages were missed, when it is entered after the store is back", async () => {
  const nodes = new TwoNodes();
  const clientId = newClientId();
  const first = await nodes.connect(nodes.a, "ada", { clientId });
  await Promise.all([nodes.a.manager.join(first as never, "hall"), nodes.run(500)]);
  const { epoch, off } = first.of("joined")[0] as unknown as { readonly epoch: string; readonly off: number };
  first.close(1006);
  await Promise.all([announce(nodes, "a", "missed", "hall"), nodes.run(20_000)]);
  await goAway(nodes);
  const positions = [{ ch: "room:hall", epoch, off }];
  const second = await nodes.connect(nodes.a, "ada", { clientId, attempt: 2, positions });
  await comeBack(nodes);
  const [missed] = second.of("announcement") as unknown as [{ readonly $: { readonly off: number } }];
  expect(second.of("joined")).toEqual([{ type: "joined", room: "hall", epoch, off, head: missed.$.off }]);
});

it("a client that is cut off twice while the store is away gets what it missed in a room that the server gave", async () => {
  const nodes = new TwoNodes();
  const network = createTestNetwork(nodes.a, { clock: nodes.clock });
  const ada = await network.connect({ id: "ada" } as never);
  const [ws] = nodes.a.manager.wsInstances.get("ada") ?? [];
  await Promise.all([nodes.a.manager.join(ws as never, "hall"), nodes.run(500)]);
  const events: unknown[] = [];
  ada.on("announcement", ({ message }, { room, replayed }) => events.push([message, room, replayed]));
  ada.onGap((channel) => events.push(channel));
  await goAway(nodes, "a");
  await Promise.all([announce(nodes, "b", "missed", "hall"), nodes.run(200)]);
  for (let cut = 0; cut < 2; cut++) {
    ada.cut();
    await network.advance(1_000);
    expect(ada.state.status).toBe("open");
  }
  await comeBack(nodes);
  await network.settle();
  expect(events).toEqual([["missed", "hall", true]]);
  await network.close();
});

it("a node without its store keeps its own limit of connections, and that of all nodes holds again when it is back [s-B-limit]", async () => {
  const nodes = new TwoNodes({ maxConnectionsPerUser: 2, onConnectionLimit: "reject" }, SLOW);
  const first = await nodes.connect(nodes.b, "ada");
  await goAway(nodes, "a");
  const here = [await nodes.connect(nodes.a, "ada"), await nodes.connect(nodes.a, "ada")];
  const refused = await nodes.connect(nodes.a, "ada");
  expect(here.map(({ closedWith }) => closedWith)).toEqual([undefined, undefined]);
  expect(refused.closedWith).toBe(CloseCode.ConnectionLimit);
  await comeBack(nodes);
  expect([first, ...here].filter(({ closedWith }) => closedWith === undefined)).toHaveLength(2);
});

it("a newer attempt on a node without its store closes the older one when the store is back [s-B-limit]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const clientId = newClientId();
  const older = await nodes.connect(nodes.b, "ada", { clientId });
  await goAway(nodes, "a");
  const newer = await nodes.connect(nodes.a, "ada", { clientId, attempt: 2 });
  await comeBack(nodes);
  expect([older.closedWith, newer.closedWith]).toEqual([4409, undefined]);
});

it("a user who was banned while a node was cut off, and connected there, is closed within 5 s of its return [s-B-ban]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  await goAway(nodes, "a");
  const eve = await nodes.connect(nodes.a, "eve");
  void nodes.b.manager.disconnectUser("eve", { code: 4403 });
  await nodes.run(1_000);
  // Authenticated before the ban.
  expect(eve.closedWith).toBeUndefined();
  nodes.shared.heal();
  await nodes.run(5_000);
  expect(eve.closedWith).toBe(4403);
});

it("with onUnavailable deny a new socket is closed with 1013 at once, and the node is down and not ready [s-B-deny]", async () => {
  const nodes = new TwoNodes({}, { ...SLOW, onUnavailable: "deny" });
  const ada = await nodes.connect(nodes.a, "ada");
  await goAway(nodes);
  const late = nodes.open(nodes.a, "late");
  await nodes.run(0);
  expect([ada.closedWith, late.closedWith]).toEqual([undefined, 1013]);
  expect(nodes.a.manager.health()).toMatchObject({ status: "down", ready: false });
  await comeBack(nodes);
  expect(nodes.a.manager.health()).toMatchObject({ status: "up", ready: true });
  expect((await nodes.connect(nodes.a, "late")).of("welcome")).toHaveLength(1);
});

it("health says what works: up, degraded with a reason while the store is away, and not ready while it drains [s-B-health]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const { manager } = nodes.a;
  await nodes.run(3_000);
  const up = manager.health();
  expect(up).toMatchObject({ status: "up", ready: true, reason: undefined, backplane: { kind: "shared" } });
  await goAway(nodes);
  const away = manager.health();
  expect(away).toMatchObject({ status: "degraded", ready: true });
  expect(away.reason).toMatch(/no reply/);
  expect(away.since).toBeGreaterThan(up.since);
  await comeBack(nodes);
  expect(manager.health()).toMatchObject({ status: "up", ready: true });
  const draining = manager.drain({ windowMs: 100 });
  expect(manager.health()).toMatchObject({ status: "degraded", ready: false });
  await nodes.run(1_000);
  await draining;
});

it("a thousand clients that came while the store was away cost one read of each channel, and are done within 15 s [s-B-herd]", async () => {
  let reads = 0;
  const nodes = new TwoNodes(
    { builtIns: { presence: false } },
    { latencyMs: { min: 5, max: 5 } },
    (id, backplane) => {
      if (id !== "a") return backplane;
      const read = backplane.read.bind(backplane);
      return Object.assign(backplane, {
        read: (...args: Parameters<typeof read>) => {
          if (args[0] === "all" || args[0] === "room:hall") reads++;
          return read(...args);
        },
      });
    },
  );
  const reader = await nodes.connect(nodes.b, "reader", { rooms: ["hall"] });
  const positions = ["all", "room:hall"].map((ch) => {
    const { epoch = "", off = 0 } = channelsOf(reader)[ch] ?? {};
    return { ch, epoch, off };
  });
  await goAway(nodes, "a");
  const sockets = Array.from({ length: 1_000 }, (_, n) => nodes.open(nodes.a, `user-${String(n)}`));
  await nodes.run(100);
  for (const socket of sockets)
    socket.say({ type: "hello", clientId: newClientId(), attempt: 1, rooms: ["hall"], positions });
  await nodes.run(1_000);
  expect(sockets.filter((socket) => socket.of("welcome").length === 1)).toHaveLength(1_000);
  void announce(nodes, "b", "to all");
  void announce(nodes, "b", "to the room", "hall");
  await nodes.run(1_000);
  reads = 0;
  nodes.shared.heal();
  await nodes.run(15_000);
  expect(sockets.filter((socket) => heard(socket).length === 2)).toHaveLength(1_000);
  // None of them had a position of its own channel.
  const gaps = sockets.flatMap((socket) => socket.of("gap").map(({ ch }) => String(ch).split(":")[0]));
  expect(new Set(gaps)).toEqual(new Set(["user"]));
  expect(reads).toBeLessThanOrEqual(8);
});

it("errors of a store that is away do not flood onError [s-B-away]", async () => {
  const nodes = new TwoNodes({}, SLOW);
  const hello = await dropped(nodes, "ada", ["hall"]);
  await goAway(nodes);
  await nodes.connect(nodes.a, "ada", hello);
  nodes.errors.length = 0;
  await nodes.run(60_000);
  expect(nodes.errors.length).toBeLessThanOrEqual(5);
});
