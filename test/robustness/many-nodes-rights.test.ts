// Rights of an open connection that change while its node has no store.
import type { SessionWatch, WatchedConnection } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { announce } from "../support/away.ts";
import { closeServers, listen } from "../support/http-servers.ts";
import { Page, V1Client } from "../support/v1-client.ts";
import { TwoNodes } from "../support/two-nodes.ts";

afterEach(closeServers);

/** The connections of node `a`, whose identities a test replaces. */
function watchOf(connections: Set<WatchedConnection>): object {
  const watch: SessionWatch = {
    opened: (connection) => void connections.add(connection),
    closed: (connection) => void connections.delete(connection),
    receive: () => undefined,
    renew: () => Promise.resolve(),
    stop: () => undefined,
  };
  return { authenticate: () => ({ user: { id: "ada" } }), watch: () => watch };
}

/** Lets time pass in the nodes, and their sockets read. */
async function pass(nodes: TwoNodes, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    await nodes.run(50);
    await nextTurn();
  }
}

async function passUntil<T>(nodes: TwoNodes, promise: Promise<T>): Promise<T> {
  const state = { isOver: false };
  const end = (): void => void (state.isOver = true);
  promise.then(end, end);
  for (let turns = 0; turns < 2_000 && !state.isOver; turns++) {
    await nodes.run(1);
    await nextTurn();
  }
  return promise;
}

it("a right that is granted again while the store is away is used when it is back, and the connection stays open [s-S4] [I6]", async () => {
  let answer: boolean | Promise<boolean> = true;
  const nodes = new TwoNodes({ authorize: () => answer, limits: { handlerMs: 30_000 } });
  const connections = new Set<WatchedConnection>();
  const server = createServer();
  attachWebSocketServer(server, { manager: nodes.a.manager, authenticate: watchOf(connections) } as never);
  const url = `ws://127.0.0.1:${String(await listen(server))}/ws`;
  const page = new Page();
  page.rooms.add("club");
  const client = await new V1Client({ url }, page).open();
  await passUntil(nodes, client.hello());
  // Of the room this node has the newest messages only while a client reads it here, and ten seconds longer.
  await passUntil(nodes, announce(nodes, "b", "before", "club"));
  await passUntil(nodes, client.seen({ message: "before" }));
  nodes.shared.partition("a");
  await pass(nodes, 6_000);
  let allow: (isAllowed: boolean) => void = () => undefined;
  answer = new Promise((resolve) => (allow = resolve));
  for (const connection of connections) connection.replace({ user: { id: "ada" } });
  await pass(nodes, 15_000);
  allow(true);
  await pass(nodes, 5_000);
  await passUntil(nodes, announce(nodes, "b", "meanwhile", "club"));
  expect([client.isOpen, client.all({ message: "meanwhile" })]).toEqual([true, []]);
  nodes.shared.heal();
  await pass(nodes, 10_000);
  await passUntil(nodes, announce(nodes, "b", "after", "club"));
  await passUntil(nodes, client.seen({ message: "after" }));
  expect(client.all("announcement").map(({ message }) => message)).toEqual(["before", "meanwhile", "after"]);
  expect(client.all("gap")).toEqual([]);
  await client.cut();
});
