// What acts across nodes, on a real Redis: a publisher, requests to clients, and the numbers of all nodes, one of them killed.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { redisBackplane } from "@halyard/redis";
import { createWebSocketSystem } from "@halyard/server";
import { createPublisher } from "@halyard/server/publisher";
import { createFaultProxy } from "@halyard/testing/node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { RedisServer } from "../../packages/redis/test/redis-server.ts";
import { answer, asked, outcome, protocol, YES } from "../support/asking-nodes.ts";
import type { Manager } from "../support/asking-nodes.ts";
import { NodeSocket, newClientId } from "../support/two-nodes.ts";
import { until } from "../support/wait.ts";

const FIXTURE = join(import.meta.dirname, "../fixtures/redis-bare-node.ts");
const WAIT_MS = 20_000;

let server: RedisServer;
let managers: readonly [Manager, Manager];
let children: ChildProcess[];

beforeAll(async () => {
  server = await RedisServer.start();
}, 120_000);
afterAll(() => server.close());
beforeEach(async () => {
  await server.control((client) => client.flushAll());
  children = [];
  managers = [createNode(), createNode()];
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(managers.map((manager) => manager.close()));
});

function createNode(url = server.url): Manager {
  const backplane = redisBackplane({ url });
  return createWebSocketSystem({ protocol, backplane, authorize: () => true }).manager;
}

/** Opens a client on a node, in the room `hall`. */
async function connect(node: 0 | 1, userId: string): Promise<NodeSocket> {
  const manager = managers[node] as never as ConstructorParameters<typeof NodeSocket>[0];
  const socket = new NodeSocket(manager, userId);
  manager.handleOpen(socket);
  socket.say({ type: "hello", clientId: newClientId(), attempt: 1, rooms: ["hall"], positions: [] });
  await until("the welcome", () => socket.of("welcome").length === 1, WAIT_MS);
  return socket;
}

const announcements = (socket: NodeSocket): unknown[] =>
  socket.of("announcement").map((frame) => frame["message"]);

it("a publisher reaches the clients of all nodes, once for each key, closes them, by user and by room, and takes a room from a user [s-P4]", async () => {
  const [ada, bob] = [await connect(0, "ada"), await connect(1, "bob")];
  const publisher = createPublisher({ backplane: redisBackplane({ url: server.url }), protocol });
  const options = { idempotencyKey: "job 7" };
  const first = await publisher.broadcastMessage({ type: "announcement", message: "all" }, options);
  expect(await publisher.broadcastMessage({ type: "announcement", message: "again" }, options)).toEqual(
    first,
  );
  await publisher.sendToRoom("hall", { type: "announcement", message: "room" });
  await publisher.sendToUser("bob", { type: "announcement", message: "user" });
  await until(
    "the messages",
    () => announcements(ada).length === 2 && announcements(bob).length === 3,
    WAIT_MS,
  );
  expect([announcements(ada), announcements(bob)]).toEqual([
    ["all", "room"],
    ["all", "room", "user"],
  ]);
  expect(await publisher.listUsers({ room: "hall" })).toMatchObject({ total: 2 });
  expect(await publisher.getRoomStats("hall")).toEqual({ totalUsers: 2, totalConnections: 2 });
  await publisher.disconnectUser("ada", { code: 4403 });
  await until("the close", () => ada.closedWith === 4403, WAIT_MS);
  expect(bob.closedWith).toBeUndefined();
  const except = { userIds: ["ada"] };
  await publisher.sendToRooms(["hall", "yard"], { type: "announcement", message: "rooms" }, { except });
  await until("the message to rooms", () => announcements(bob).at(-1) === "rooms", WAIT_MS);
  await managers[1].join(bob, "yard");
  await publisher.removeFromRoom("bob", "yard");
  await until("the end of the membership", () => bob.of("left").length === 1, WAIT_MS);
  expect([bob.of("left"), bob.closedWith]).toMatchObject([
    [{ room: "yard", reason: "forbidden" }],
    undefined,
  ]);
  await publisher.disconnectRoom("hall");
  await until("the close of the room", () => bob.closedWith === 4401, WAIT_MS);
  await publisher.close();
  const published = await publisher.broadcastMessage({ type: "announcement", message: "late" });
  expect(published.error).toMatchObject({ code: "unavailable" });
  await until("no connection of the publisher", async () => (await connections()) <= 5, WAIT_MS);
});

it("what a publisher has published without waiting arrives though it is closed at once", async () => {
  const ada = await connect(0, "ada");
  const publisher = createPublisher({ backplane: redisBackplane({ url: server.url }), protocol });
  for (let job = 1; job <= 100; job++)
    void publisher.sendToRoom("hall", { type: "announcement", message: String(job) });
  await publisher.close();
  await until("the messages", () => announcements(ada).length === 100, WAIT_MS);
  expect(announcements(ada)).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 1)));
});

it("a node that was cut off removes a user from a room, and closes a room, when it is back", async () => {
  const proxy = await createFaultProxy({ target: { port: Number(new URL(server.url).port) } });
  onTestFinished(() => proxy.close());
  await managers[1].close();
  managers = [managers[0], createNode(`redis://127.0.0.1:${String(proxy.port)}`)];
  const cutOff = (): void => {
    proxy.refuse();
    for (const connection of proxy.connections) connection.cut();
  };
  const [ada, bob] = [await connect(1, "ada"), await connect(1, "bob")];
  await managers[1].join(ada, "yard");
  cutOff();
  await managers[0].removeFromRoom("ada", "yard");
  await managers[0].sendToRoom("yard", { type: "announcement", message: "for those who are left" });
  proxy.accept();
  await until("the end of the membership", () => ada.of("left").length === 1, WAIT_MS);
  expect([announcements(ada), ada.closedWith, bob.of("left")]).toEqual([[], undefined, []]);
  cutOff();
  await managers[0].disconnectRoom("hall");
  proxy.accept();
  await until("the close of the room", () => bob.closedWith === 4401 && ada.closedWith === 4401, WAIT_MS);
});

/** The connections to Redis, this one included; each node has two. */
async function connections(): Promise<number> {
  const list = await server.control((client) => client.clientList());
  return list.length;
}

it("a client is asked on another node, and everybody in a room", async () => {
  const [ada, bob] = [await connect(0, "ada"), await connect(1, "bob")];
  const result = outcome(managers[0].request({ userId: "bob" }, "confirm", {}));
  await until("the question", () => asked(bob).length === 1, WAIT_MS);
  answer(bob, YES);
  expect(await result).toEqual({ answer: "yes" });
  expect(await outcome(managers[0].request({ connectionId: "nowhere.1" }, "confirm", {}))).toBe(
    "unavailable",
  );

  const all = managers[1].requestRoom("hall", "confirm", {});
  await until("the questions", () => asked(bob).length === 2 && asked(ada).length === 1, WAIT_MS);
  answer(ada, YES);
  answer(bob, { code: "conflict" });
  const replies = (await all).toSorted((one, other) => one.userId.localeCompare(other.userId));
  expect(replies).toMatchObject([
    { status: "fulfilled", userId: "ada", value: { answer: "yes" } },
    { status: "rejected", userId: "bob", reason: { code: "conflict" } },
  ]);
});

it("the numbers name a node that was killed until its lease ends, and count a user once", async () => {
  await connect(0, "ada");
  await connect(1, "ada");
  const child = spawn(process.execPath, [FIXTURE, server.url], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  const [printed] = (await once(child.stdout, "data")) as [Buffer];
  const killed = printed.toString().trim();
  const before = await managers[0].getClusterStats();
  expect(before).toMatchObject({ totalUsers: 1, totalConnections: 2, missing: [] });
  expect(before.nodes).toHaveLength(3);
  child.kill("SIGKILL");
  await once(child, "exit");
  const after = await managers[0].getClusterStats();
  expect(after).toMatchObject({ totalUsers: 1, totalConnections: 2, missing: [killed] });
  expect(after.nodes.map(({ totalConnections }) => totalConnections)).toEqual([1, 1]);
  await until(
    "the end of the lease",
    async () => (await managers[1].getClusterStats()).missing.length === 0,
    WAIT_MS,
  );
});
