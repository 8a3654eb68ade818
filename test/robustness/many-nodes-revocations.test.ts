// disconnectUser and disconnectSession on two managers over one store: every node closes, also one that is cut off.
import type { SessionBus, SessionWatch, WatchedConnection } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { closeServers, listen } from "../support/http-servers.ts";
import { TwoNodes } from "../support/two-nodes.ts";

/** The sessions of an application, and an authenticator with a watch for each node. */
class Sessions {
  readonly ended = new Set<string>();
  readonly buses: SessionBus[] = [];
  readonly received: unknown[] = [];

  authenticator() {
    const open = new Set<WatchedConnection>();
    const watch: SessionWatch & { interrupted(): void } = {
      opened: (connection) => void open.add(connection),
      closed: (connection) => void open.delete(connection),
      receive: (notice) => void this.received.push(notice),
      renew: () => Promise.resolve(),
      interrupted: () => {
        for (const connection of open) {
          const { id } = connection.identity.session as { readonly id: string };
          if (this.ended.has(id)) connection.close(4401);
        }
      },
      stop: () => undefined,
    };
    return {
      authenticate: () => ({ user: { id: "ada" }, session: { id: "s1" } }),
      watch: (bus: SessionBus) => {
        this.buses.push(bus);
        return watch;
      },
    };
  }
}

/** Opens a connection of a user whose session is watched. */
async function openWatched(nodes: TwoNodes, node: "a" | "b", sessions: Sessions) {
  const server = createServer();
  attachWebSocketServer(server, {
    manager: nodes[node].manager,
    authenticate: sessions.authenticator(),
  } as never);
  const socket = new WebSocket(`ws://127.0.0.1:${String(await listen(server))}/ws`, "halyard.v1");
  const closes: number[] = [];
  socket.on("close", (code) => closes.push(code));
  const pass = async (isOver: () => boolean): Promise<void> => {
    for (let turns = 0; turns < 2_000 && !isOver(); turns++) {
      await nodes.run(1);
      await nextTurn();
    }
  };
  await pass(() => socket.readyState === WebSocket.OPEN);
  return { closes, pass };
}

afterEach(closeServers);

describe("the watch of sessions on two nodes", () => {
  it("is told that its node was cut off, and ends what ended meanwhile [s-D-watch]", async () => {
    const [nodes, sessions] = [new TwoNodes(), new Sessions()];
    const { closes, pass } = await openWatched(nodes, "b", sessions);
    nodes.shared.partition("b");
    sessions.ended.add("s1");
    await nodes.run(1_000);
    expect(closes).toEqual([]);
    nodes.shared.heal();
    await nodes.run(3_000);
    await pass(() => closes.length > 0);
    expect(closes).toEqual([4401]);
  });

  it("reaches the other nodes with a notice that it gave while its own node was cut off [s-D-watch]", async () => {
    const [nodes, sessions] = [new TwoNodes(), new Sessions()];
    await openWatched(nodes, "a", sessions);
    await openWatched(nodes, "b", sessions);
    nodes.shared.partition("a");
    sessions.buses[0]?.announce({ ended: "s1" });
    await nodes.run(3_000);
    expect(sessions.received).toEqual([]);
    nodes.shared.heal();
    await nodes.run(10_000);
    expect(sessions.received).toEqual([{ ended: "s1" }]);
  });
});

describe("on two nodes", () => {
  it("disconnectUser closes the user's connections on every node, and no other user's [s-D-revoke]", async () => {
    const nodes = new TwoNodes({}, { latencyMs: { min: 1, max: 25 }, seed: 3 });
    const sockets = [
      await nodes.connect(nodes.a, "ada"),
      await nodes.connect(nodes.b, "ada"),
      await nodes.connect(nodes.b, "bea"),
    ];
    void nodes.a.manager.disconnectUser("ada", { code: 4403 });
    await nodes.run(1_000);
    expect(sockets.map(({ closedWith }) => closedWith)).toEqual([4403, 4403, undefined]);
  });

  it("a ban that was said while a node was cut off closes its connections when it is back [s-D-revoke]", async () => {
    const nodes = new TwoNodes();
    const there = await nodes.connect(nodes.b, "ada");
    const other = await nodes.connect(nodes.b, "bea");
    nodes.shared.partition("b");
    await nodes.run(500);
    void nodes.a.manager.disconnectUser("ada", { code: 4403 });
    await nodes.run(3_000);
    expect(there.closedWith).toBeUndefined();
    nodes.shared.heal();
    await nodes.run(5_000);
    expect([there.closedWith, other.closedWith]).toEqual([4403, undefined]);
  });

  it("a user who connects anew after a disconnectUser stays, also through an interruption [s-D-revoke]", async () => {
    const nodes = new TwoNodes();
    void nodes.a.manager.disconnectUser("ada");
    await nodes.run(1_000);
    const anew = await nodes.connect(nodes.b, "ada");
    nodes.shared.partition("b");
    await nodes.run(2_000);
    nodes.shared.heal();
    await nodes.run(5_000);
    expect(anew.closedWith).toBeUndefined();
  });
});
