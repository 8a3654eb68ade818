// Tabs that share a connection to one of two nodes, and the node is killed: the next leader connects to the other node.
import { setTimeout as pause } from "node:timers/promises";
import { createDeliveryChecker, createDeliveryRecorder } from "@halyard/testing";
import type { DeliveryRecorder } from "@halyard/testing";
import { expect, it, onTestFinished } from "vitest";
import { ORIGIN } from "../fixtures/identity.ts";
import { openSharingClient } from "../support/sharing-clients.ts";
import { SimulatedBrowser } from "../support/simulated-tabs.ts";
import type { SimulatedTab } from "../support/simulated-tabs.ts";
import { Cluster } from "./support/cluster.ts";

const TABS = 4;
const SENDS = 12;
const HEADERS = { cookie: "session=ada", origin: ORIGIN };
/** What a load balancer in front of the nodes is called. */
const BALANCER = "ws://halyard.test/ws";

it(
  "nothing is lost or doubled when the node of the tabs' connection is killed: the next connection is to the other node",
  { timeout: 60_000 },
  async () => {
    const cluster = await Cluster.start();
    onTestFinished(() => cluster.close());
    const behind = (url: string): string =>
      url.replace(/^\w+:\/\/[^/]+\/ws/, cluster.node(cluster.node(0).isDead ? 1 : 0).url);
    const socketsOf = ({ WebSocket: TabSocket }: SimulatedTab) =>
      class extends TabSocket {
        constructor(url: string, protocols: string[]) {
          // That of Node takes headers, too.
          super(behind(url), { protocols, headers: HEADERS } as unknown as string[]);
        }
      };
    const browser = new SimulatedBrowser();
    const checker = createDeliveryChecker();
    const tabs = Array.from({ length: TABS }, (_, n) => {
      const client = `tab${String(n)}`;
      let recorder: DeliveryRecorder | undefined;
      const tab = openSharingClient(browser, {
        url: BALANCER,
        fetch: (url, init) => fetch(behind(url).replace("ws", "http"), { ...init, headers: HEADERS }),
        socketClass: socketsOf,
        wrap: (shared) => {
          recorder = createDeliveryRecorder({
            client,
            write: (event) => checker.add(event),
            WebSocket: shared,
          });
          return recorder.WebSocket;
        },
      });
      onTestFinished(() => tab.client.close());
      const seen: string[] = [];
      tab.client.on("chat_message", ({ content }) => void seen.push(content));
      return { ...tab, recorder, seen, room: tab.client.join("lobby") };
    });
    for (const { room } of tabs)
      await expect.poll(() => room.state.status, { timeout: 10_000 }).toBe("joined");
    const connections = async (): Promise<number> =>
      (await cluster.node(1).command<{ totalConnections: number }>("stats")).totalConnections;
    const outcomes: Promise<string>[] = [];
    for (let k = 0; k < SENDS; k++) {
      for (const [n, { room, recorder }] of tabs.entries()) {
        const sending = room.send("chat_message", { content: `${String(n)}.${String(k)}` });
        recorder?.track(sending, { room: "lobby" });
        outcomes.push(Promise.resolve(sending).then(({ status }) => status));
      }
      if (k === SENDS / 2) void cluster.node(0).kill();
      await pause(150);
    }
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(["delivered"]));
    for (const { seen } of tabs) {
      await expect.poll(() => seen.length, { timeout: 10_000 }).toBe(TABS * SENDS);
      expect(new Set(seen).size).toBe(TABS * SENDS);
    }
    expect(await connections()).toBe(1);
    for (const { client, recorder } of tabs) {
      client.close();
      recorder?.close();
    }
    expect(checker.finish().violations).toEqual([]);
  },
);
