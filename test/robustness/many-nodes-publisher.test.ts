// createPublisher beside two managers on one store, and the numbers of all nodes: what acts across nodes without a socket.
import { defineProtocol, message } from "@halyard/protocol";
import { createMemoryBackplane, createWebSocketSystem } from "@halyard/server";
import type { Published, Publisher } from "@halyard/server";
import { createPublisher } from "@halyard/server/publisher";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { NodeSocket, TwoNodes } from "../support/two-nodes.ts";

const protocol = defineProtocol({
  serverMessages: {
    notice: message(z.object({ text: z.string() })),
    tick: message(z.object({ n: z.int() }), { ephemeral: true }),
  },
});

interface Line {
  readonly fields: object;
  readonly text: string;
}

function scene(faults: ConstructorParameters<typeof TwoNodes>[1] = {}) {
  const nodes = new TwoNodes({ protocol }, faults);
  const lines: Line[] = [];
  const write = (fields: object, text: string): void => void lines.push({ fields, text });
  const logger = { debug: write, info: write, warn: write, error: write };
  const { clock } = nodes;
  const publisher = createPublisher({ backplane: nodes.shared.node("worker"), clock, logger, protocol });
  return { nodes, lines, publisher };
}

async function settled<TResult>(nodes: TwoNodes, promise: Promise<TResult>, ms = 200): Promise<TResult> {
  promise.catch(() => {});
  await nodes.run(ms);
  return promise;
}

const texts = (socket: NodeSocket): unknown[] => socket.of("notice").map(({ text }) => text);

describe("a publisher", () => {
  it("publishes to all, to a room and to a user, with the offsets of the channels", async () => {
    const { nodes, publisher } = scene();
    const ada = await nodes.connect(nodes.a, "ada", { rooms: ["hall"] });
    const bob = await nodes.connect(nodes.b, "bob");
    const published = [
      await settled(nodes, publisher.broadcastMessage({ type: "notice", text: "all" })),
      await settled(nodes, publisher.sendToRoom("hall", { type: "notice", text: "room" })),
      await settled(nodes, publisher.sendToUser("bob", { type: "notice", text: "user" })),
      await settled(nodes, publisher.broadcastMessage('{"type":"tick","n":1}')),
    ];
    expect(texts(ada)).toEqual(["all", "room"]);
    expect(texts(bob)).toEqual(["all", "user"]);
    expect([ada, bob].map((socket) => socket.of("tick").length)).toEqual([1, 1]);
    expect(published.map(({ channel, error, offset }) => [channel, error, typeof offset])).toEqual([
      ["all", undefined, "number"],
      ["room:hall", undefined, "number"],
      ["user:bob", undefined, "number"],
      ["all", undefined, "undefined"],
    ]);
  });

  it("disconnects a user and a session on every node, and lists the users who are there", async () => {
    const { nodes, publisher } = scene();
    const sockets = [
      await nodes.connect(nodes.a, "ada", { rooms: ["hall"] }),
      await nodes.connect(nodes.b, "ada"),
      await nodes.connect(nodes.b, "bob", { rooms: ["hall"] }),
    ];
    const page = await settled(nodes, publisher.listUsers({ room: "hall" }));
    expect(page).toMatchObject({ total: 2, users: [{ userId: "ada" }, { userId: "bob" }] });
    await settled(nodes, publisher.disconnectUser("ada", { code: 4403 }));
    expect(sockets.map(({ closedWith }) => closedWith)).toEqual([4403, 4403, undefined]);
    expect(await settled(nodes, publisher.listUsers())).toMatchObject({
      total: 1,
      users: [{ userId: "bob" }],
    });
    await settled(nodes, publisher.disconnectSession("s1"));
    const marks = await settled(nodes, nodes.shared.node("asking").revocations([], ["s1"]));
    expect(marks).toEqual([{ session: "s1", code: 4401, reason: "" }]);
  });

  it("is no node, and stays none", async () => {
    const { nodes, publisher } = scene();
    await settled(nodes, publisher.broadcastMessage({ type: "notice", text: "all" }));
    expect(await settled(nodes, nodes.shared.node("asking").nodes())).toEqual(["a", "b"]);
    await settled(nodes, publisher.close());
    expect(await settled(nodes, nodes.shared.node("asking-again").nodes())).toEqual(["a", "b"]);
  });

  it("says in the result what was not published, logs it, and rejects nothing", async () => {
    const { nodes, lines, publisher } = scene();
    nodes.shared.partition("worker");
    const published = await settled(nodes, publisher.broadcastMessage({ type: "notice", text: "x" }), 2_000);
    expect(published).toMatchObject({ channel: "all", offset: undefined, error: { code: "unavailable" } });
    expect(lines).toMatchObject([{ text: "a message was not published" }]);
    const large = publisher.sendToUser("ada", { type: "notice", text: "x".repeat(1024 * 1024) });
    expect(await settled(nodes, large)).toMatchObject({ error: { code: "payload_too_large" } });
    const listed = settled(nodes, publisher.listUsers(), 2_000);
    await expect(listed).rejects.toMatchObject({ code: "unavailable" });
    const closed = settled(nodes, publisher.disconnectUser("ada"), 2_000);
    await expect(closed).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("the logger failed");
      },
    ],
    ["rejects", () => Promise.reject(new Error("the logger failed"))],
  ])("survives a logger that %s", async (_, fail) => {
    const { nodes } = scene();
    const logger = { debug: fail, info: fail, warn: fail, error: fail } as never;
    const publisher = createPublisher({ backplane: nodes.shared.node("other"), clock: nodes.clock, logger });
    nodes.shared.partition("other");
    const message = { type: "announcement", message: "x" } as const;
    const published = await settled(nodes, publisher.broadcastMessage(message), 2_000);
    expect(published).toMatchObject({ error: { code: "unavailable" } });
  });

  it("throws at once for what is no message and no room, as a manager does", () => {
    const { publisher } = scene();
    const untyped = publisher as unknown as Publisher;
    expect(() => untyped.broadcastMessage({ type: "nothing" } as never)).toThrow(TypeError);
    expect(() => untyped.sendToRoom("", { type: "announcement", message: "x" })).toThrow(TypeError);
  });

  it("lets each of several calls of close wait for the last messages", async () => {
    let stop = (): void => {};
    const backplane = Object.assign(createMemoryBackplane(), {
      stop: () => new Promise<void>((resolve) => (stop = resolve)),
    });
    const publisher = createPublisher({ backplane, logger: false });
    let closed = 0;
    const closing = [publisher.close(), publisher.close()].map((close) => close.then(() => closed++));
    await new Promise(setImmediate);
    expect(closed).toBe(0);
    stop();
    await Promise.all(closing);
  });

  it("publishes nothing once it is closed, nor closes or lists anything", async () => {
    const { nodes, publisher } = scene();
    await settled(nodes, publisher.close());
    await settled(nodes, publisher.close());
    const published = await settled(nodes, publisher.broadcastMessage({ type: "notice", text: "x" }));
    expect(published).toMatchObject({ error: { code: "unavailable", message: "The publisher is closed." } });
    await expect(publisher.listUsers()).rejects.toMatchObject({ code: "unavailable" });
    await expect(publisher.disconnectUser("ada")).rejects.toMatchObject({ code: "unavailable" });
  });

  it.each(["manager", "publisher"] as const)(
    "and a %s publish once what is tried again with its key, with the same answer",
    async (which) => {
      const { nodes, publisher } = scene({ seed: 4, lostReplies: 0.3, latencyMs: { min: 1, max: 25 } });
      const from = which === "manager" ? (nodes.a.manager as unknown as Publisher) : publisher;
      const ada = await nodes.connect(nodes.b, "ada");
      await nodes.run(10_000);
      const before = ada.of("announcement").length;
      const options = { idempotencyKey: "invoice 7" };
      const tries: Published[] = [];
      for (const text of ["paid", "paid again"])
        tries.push(
          await settled(
            nodes,
            from.broadcastMessage({ type: "announcement", message: text }, options),
            30_000,
          ),
        );
      await nodes.run(5_000);
      expect(ada.of("announcement").slice(before)).toMatchObject([{ id: tries[0]?.id, message: "paid" }]);
      expect(tries[1]).toEqual(tries[0]);
      expect(tries[0]?.error).toBeUndefined();
      const other = await settled(
        nodes,
        from.sendToUser("ada", { type: "announcement", message: "x" }, options),
        20_000,
      );
      expect(other.id).not.toBe(tries[0]?.id);
    },
  );
});

describe("a publisher in the process of a manager, on the same backplane", () => {
  it("closes connections of that manager too, and leaves the backplane to it", async () => {
    const backplane = createMemoryBackplane();
    const { manager } = createWebSocketSystem({ backplane });
    const first = createPublisher({ backplane });
    const open = (userId: string): NodeSocket => {
      const socket = new NodeSocket(manager, userId);
      manager.handleOpen(socket);
      return socket;
    };
    const [ada, bob] = [open("ada"), open("bob")];
    await first.disconnectUser("ada");
    expect([ada, bob].map((socket) => socket.closedWith)).toEqual([4401, undefined]);
    await first.close();
    const second = createPublisher({ backplane });
    expect(await second.sendToUser("bob", { type: "announcement", message: "x" })).toMatchObject({
      error: undefined,
    });
    expect(await manager.getClusterStats()).toMatchObject({ totalConnections: 1, missing: [] });
    await manager.close();
    await second.close();
  });
});

describe("the numbers of all nodes", () => {
  it("count each user once, and name this node first", async () => {
    const { nodes } = scene();
    const startedAt = nodes.clock.now();
    await nodes.connect(nodes.a, "ada", { rooms: ["hall", "lobby"] });
    await nodes.connect(nodes.b, "ada", { rooms: ["hall"] });
    await nodes.connect(nodes.b, "bob");
    const stats = await settled(nodes, nodes.b.manager.getClusterStats());
    expect(stats).toEqual({
      totalUsers: 2,
      totalConnections: 3,
      missing: [],
      nodes: [
        {
          nodeId: "b",
          totalUsers: 2,
          totalConnections: 2,
          rooms: 1,
          draining: false,
          startedAt,
        },
        {
          nodeId: "a",
          totalUsers: 1,
          totalConnections: 1,
          rooms: 2,
          draining: false,
          startedAt,
        },
      ],
    });
    expect(nodes.b.manager.getConnectionStats()).toEqual({ totalUsers: 2, totalConnections: 2 });
    const draining = nodes.a.manager.drain();
    expect(await settled(nodes, nodes.b.manager.getClusterStats())).toMatchObject({
      nodes: [{ draining: false }, { nodeId: "a", draining: true }],
    });
    await settled(nodes, draining, 30_000);
  });

  it("name a node whose lease lives and that does not answer within 1 s, and no node that has ended", async () => {
    const { nodes } = scene();
    await nodes.connect(nodes.a, "ada");
    await nodes.connect(nodes.b, "bob");
    nodes.shared.freeze("b");
    const stats = await settled(nodes, nodes.a.manager.getClusterStats(), 1_000);
    expect(stats).toMatchObject({ nodes: [{ nodeId: "a" }], missing: ["b"], totalConnections: 1 });
    await nodes.run(15_000);
    const later = await settled(nodes, nodes.a.manager.getClusterStats(), 1_000);
    expect(later).toMatchObject({ nodes: [{ nodeId: "a" }], missing: [], totalUsers: 1 });
  });

  it("never reject: while the store is away they are those of this node, and name the others", async () => {
    const { nodes } = scene();
    await nodes.connect(nodes.a, "ada");
    await settled(nodes, nodes.a.manager.getClusterStats());
    nodes.shared.partition("a");
    const stats = await settled(nodes, nodes.a.manager.getClusterStats(), 2_100);
    expect(stats).toMatchObject({
      nodes: [{ nodeId: "a" }],
      missing: ["b"],
      totalUsers: 1,
      totalConnections: 1,
    });
  });

  it("survive a node that answers something else", async () => {
    const { nodes } = scene();
    const foreign = nodes.shared.node("foreign");
    const answer = (data: string): void => {
      const { id } = JSON.parse(data) as { readonly id: string };
      void foreign.send("a", JSON.stringify({ to: id, answer: { nodeId: 7 } }));
    };
    const ignore = (): void => {};
    const handlers = {
      onPublication: ignore,
      onEphemeral: ignore,
      onInterrupted: ignore,
      onPresence: ignore,
    };
    const rest = { onNotice: ignore, onMessage: answer, onRevoked: ignore, onFenced: ignore };
    await settled(nodes, foreign.start({ ...handlers, ...rest }));
    const stats = await settled(nodes, nodes.a.manager.getClusterStats(), 1_100);
    expect(stats).toMatchObject({ nodes: [{ nodeId: "a" }, { nodeId: "b" }], missing: ["foreign"] });
    await settled(nodes, foreign.stop());
  });
});
