// Closes across nodes, on two managers over one store: on whatever node the connection is.
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer, get } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { chat } from "../support/away.ts";
import { UPGRADE_HEADERS } from "../support/handshake.ts";
import { closeServers, listen } from "../support/http-servers.ts";
import { newClientId, TwoNodes } from "../support/two-nodes.ts";

const SLOW = { latencyMs: { min: 1, max: 25 }, seed: 7 };

afterEach(closeServers);

/** What a node answers to a plain GET and to an upgrade of a user, as HTTP statuses. */
async function answersOf(nodes: TwoNodes, node: "a" | "b", userId: string): Promise<number[]> {
  const server = createServer();
  const authenticate = () => ({ user: { id: userId } });
  attachWebSocketServer(server, { manager: nodes[node].manager, authenticate });
  const address = { host: "127.0.0.1", port: await listen(server), path: "/ws" };
  const upgrade = Object.fromEntries(UPGRADE_HEADERS);
  const statuses: number[] = [];
  for (const headers of [{}, upgrade]) {
    let status: number | undefined;
    const asked = get({ ...address, headers });
    asked.on("response", (response) => (status = response.statusCode));
    asked.on("upgrade", (response, socket) => {
      status = response.statusCode;
      socket.destroy();
    });
    for (let turns = 0; turns < 2_000 && status === undefined; turns++) {
      await nodes.run(1);
      await nextTurn();
    }
    statuses.push(status ?? 0);
  }
  return statuses;
}

describe("on two nodes", () => {
  it("a plain GET on one node is answered with 429 where the upgrade is, because of connections to the other one, and takes no slot [s-D-probe]", async () => {
    const nodes = new TwoNodes({ maxConnectionsPerUser: 2 }, SLOW);
    await nodes.connect(nodes.a, "ada");
    expect(await answersOf(nodes, "b", "ada")).toEqual([426, 101]);
    await nodes.run(1_000);
    await nodes.connect(nodes.a, "ada");
    await nodes.connect(nodes.a, "bea");
    expect(await answersOf(nodes, "b", "ada")).toEqual([429, 429]);
  });

  it("a newer attempt of a client closes the older one on the other node with 4409 [s-D-closes]", async () => {
    const nodes = new TwoNodes({}, SLOW);
    const clientId = newClientId();
    const older = await nodes.connect(nodes.a, "ada", { clientId, attempt: 1 });
    const newer = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 });
    await nodes.run(1_000);
    expect(older.closedWith).toBe(4409);
    expect(newer.closedWith).toBeUndefined();
  });

  it("an older attempt that comes later is refused with 4409, and the newer one stays [s-D-closes]", async () => {
    const nodes = new TwoNodes({}, SLOW);
    const clientId = newClientId();
    const newer = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 });
    const older = await nodes.connect(nodes.a, "ada", { clientId, attempt: 1 });
    expect([older.closedWith, newer.closedWith]).toEqual([4409, undefined]);
  });

  it("close-oldest closes the oldest connection of a user, whatever node holds it [s-D-closes]", async () => {
    const nodes = new TwoNodes({ maxConnectionsPerUser: 1, onConnectionLimit: "close-oldest" }, SLOW);
    const oldest = await nodes.connect(nodes.a, "ada");
    const newest = await nodes.connect(nodes.b, "ada");
    await nodes.run(1_000);
    expect([oldest.closedWith, newest.closedWith]).toEqual([4410, undefined]);
    const again = await nodes.connect(nodes.a, "ada");
    await nodes.run(1_000);
    expect([newest.closedWith, again.closedWith]).toEqual([4410, undefined]);
  });

  it("a node that was cut off closes what lost its slot meanwhile, when it is back [s-D-closes]", async () => {
    const nodes = new TwoNodes({ maxConnectionsPerUser: 2, onConnectionLimit: "close-oldest" });
    const clientId = newClientId();
    const superseded = await nodes.connect(nodes.a, "ada", { clientId, attempt: 1 });
    const oldest = await nodes.connect(nodes.a, "ada");
    nodes.shared.partition("a");
    await nodes.run(1_000);
    const newest = [
      await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 }),
      await nodes.connect(nodes.b, "ada"),
    ];
    await nodes.run(1_000);
    expect([superseded.closedWith, oldest.closedWith]).toEqual([undefined, undefined]);
    nodes.shared.heal();
    await nodes.run(5_000);
    expect([superseded.closedWith, oldest.closedWith]).toEqual([4409, 4410]);
    expect(newest.map(({ closedWith }) => closedWith)).toEqual([undefined, undefined]);
  });
});

describe("a room that is closed", () => {
  it("closes a connection in it whose rights are being asked about again", async () => {
    let isHanging = false;
    const nodes = new TwoNodes({
      authorize: () => (isHanging ? new Promise<boolean>(() => {}) : true),
    });
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team"] });
    isHanging = true;
    await Promise.all([nodes.a.manager.reauthorize("ada"), nodes.run(1_000)]);
    await Promise.all([nodes.a.manager.disconnectRoom("team"), nodes.run(1_000)]);
    expect(ada.closedWith).toBe(4401);
  });

  it("closes a connection that the server has put there, also before it is in it", async () => {
    const nodes = new TwoNodes({}, { latencyMs: { min: 5, max: 5 } });
    const clientId = newClientId();
    const ada = await nodes.connect(nodes.b, "ada", { clientId });
    void nodes.b.manager.join(ada, "team");
    void nodes.b.manager.disconnectRoom("team", { code: 4401 });
    await nodes.run(1_000);
    expect(ada.closedWith).toBe(4401);
    const again = await nodes.connect(nodes.b, "ada", { clientId, attempt: 2 });
    expect(Object.keys(again.of("welcome")[0]?.["channels"] ?? {})).not.toContain("room:team");
  });

  it("drops what a lost connection has sent there", async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const nodes = new TwoNodes({
      authorize: () => true,
      chat: { beforePublish: ({ content }) => (content === "slow" ? promise : undefined) },
    });
    const ada = await nodes.connect(nodes.b, "ada", { rooms: ["team"] });
    for (const [index, content] of ["slow", "more"].entries()) ada.say(chat(content, index + 1, "team"));
    await nodes.run(100);
    ada.close(1006);
    await Promise.all([nodes.a.manager.disconnectRoom("team"), nodes.run(1_000)]);
    const bob = await nodes.connect(nodes.a, "bob", { rooms: ["team"] });
    resolve(undefined);
    await nodes.run(1_000);
    expect(bob.chats).toEqual([]);
  });
});
