import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { createBalancer } from "./balancer.ts";

let balancer: Server;

afterEach(() => {
  balancer.closeAllConnections();
  balancer.close();
});

/** A balancer in front of nodes of which none is up. */
async function listen(): Promise<number> {
  const done = () => Promise.resolve();
  const cluster = {
    status: () => ({ nodes: [], redis: "up" }) as const,
    nextPort: () => undefined,
    kill: done,
    maintain: done,
    stopRedis: done,
    startRedis: done,
  };
  balancer = createBalancer(cluster, "http://127.0.0.1:3000").listen(0, "127.0.0.1");
  await once(balancer, "listening");
  return (balancer.address() as AddressInfo).port;
}

test("a page that goes away while no node is up does not end the balancer and all processes behind it", async () => {
  const port = await listen();
  const crashes: unknown[] = [];
  const onCrash = (error: unknown): void => void crashes.push(error);
  process.on("uncaughtException", onCrash);
  balancer.on("upgrade", (_incoming, socket) => socket.destroy(new Error("read ECONNRESET")));
  const page = connect(port, "127.0.0.1")
    .on("error", () => undefined)
    .resume();
  page.write("GET /ws HTTP/1.1\r\nHost: demo\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  await once(page, "close");
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503);
  process.off("uncaughtException", onCrash);
  expect(crashes).toEqual([]);
});
