// Tabs of one user share a connection while tabs come and go, crash and hang, and lines are cut: the checker of deliveries finds
// nothing lost, doubled or out of order.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createDeliveryChecker, createDeliveryRecorder } from "@halyard/testing";
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { shareSockets } from "../../packages/client/src/sharing/shared-socket.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { IS_LONG } from "../support/long-run.ts";
import { SimulatedBrowser, SimulatedTab } from "../support/simulated-tabs.ts";

/** Each run takes 6 s. */
const SEEDS = IS_LONG ? Array.from({ length: 40 }, (_, index) => index + 1) : [1];
const STEPS = IS_LONG ? 80 : 40;
const MAX_TABS = 6;

/** Numbers that are the same in each run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

async function serve() {
  const runs = new Map<string, number>();
  const { manager } = createWebSocketSystem({
    authenticate: ({ url }) => ({ user: { id: new URLSearchParams(url.split("?")[1]).get("u") ?? "" } }),
    authorize: () => true,
    chat: {
      beforePublish: ({ content }) => {
        runs.set(content, (runs.get(content) ?? 0) + 1);
      },
    },
    limits: {
      acceptedUpgradesPerSecond: 1e4,
      acceptedUpgradeBurst: 1e4,
      chatPerSecond: 1e4,
      chatBurst: 1e4,
      joinsPerSecond: 1e4,
      joinBurst: 1e4,
    },
  });
  const server = createServer();
  const lines = new Set<Duplex>();
  server.on("connection", (socket) => {
    lines.add(socket);
    socket.on("close", () => lines.delete(socket));
  });
  attachWebSocketServer(server, { manager, path: "/ws" });
  const port = await listenOnLoopback(server);
  return {
    url: `ws://127.0.0.1:${String(port)}/ws?u=ada`,
    manager,
    runs,
    cut: () => {
      for (const line of lines) line.destroy();
    },
    stop: async () => {
      await manager.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

interface OpenTab {
  readonly name: string;
  readonly tab: SimulatedTab;
  readonly client: WebSocketClient;
  readonly recorder: ReturnType<typeof createDeliveryRecorder>;
  readonly room: ReturnType<WebSocketClient["join"]>;
  readonly overs: Set<string>;
  readonly receipts: string[];
}

it.each(SEEDS)(
  "tabs that share a connection lose and double nothing, whatever becomes of their leaders: run %i",
  { timeout: 60_000 },
  async (seed) => {
    const random = randomNumbers(seed);
    const server = await serve();
    const browser = new SimulatedBrowser();
    const checker = createDeliveryChecker();
    const tabs: OpenTab[] = [];
    const errors: string[] = [];
    let names = 0;

    const openTab = (): void => {
      const tab = new SimulatedTab(browser);
      tab.isVisible = random() < 0.7;
      const name = `tab${String(++names)}`;
      const options: WebSocketClientOptions = {
        url: server.url,
        WebSocket: tab.WebSocket,
        fetch: fetch,
        clock: tab.clock,
        backoff: { minMs: 5, baseMs: 20, maxMs: 100 },
        onError: (error) => errors.push(String(error)),
      };
      const settings = { ...options };
      shareSockets({ clock: tab.clock, options, settings, platform: tab.platform });
      const recorder = createDeliveryRecorder({
        client: name,
        write: (event) => {
          if (!tab.isGone || event.type === "closed") checker.add(event);
        },
        WebSocket: settings.WebSocket,
      });
      const client = createWebSocketClient({ ...settings, WebSocket: recorder.WebSocket });
      const overs = new Set<string>();
      client.on("chat_message", ({ content }) => content.startsWith("over") && overs.add(content));
      tabs.push({ name, tab, client, recorder, room: client.join("general"), overs, receipts: [] });
    };
    const send = (open: OpenTab, content: string): void => {
      const isRoom = random() < 0.5;
      const sending = (isRoom ? open.room : open.client).send("chat_message", { content });
      open.recorder.track(sending, isRoom ? { room: "general" } : {});
      void sending.then(({ status }) => open.receipts.push(`${content} ${status}`));
    };
    const pick = (): OpenTab | undefined => tabs[Math.floor(random() * tabs.length)];
    const end = (open: OpenTab, how: "close" | "crash"): void => {
      tabs.splice(tabs.indexOf(open), 1);
      if (how === "close") open.client.close();
      else open.tab.crash();
      open.recorder.close();
    };
    const leader = (): OpenTab | undefined => {
      const holder = browser.holderOf((name) => !/:[\w-]+\.\d+$/.test(name));
      return tabs.find(({ tab }) => tab === holder);
    };

    openTab();
    openTab();
    for (let step = 0; step < STEPS; step++) {
      await new Promise((resolve) => setTimeout(resolve, 5 + random() * 60));
      const chance = random();
      const target = random() < 0.5 ? leader() : pick();
      if (tabs.length < 2 || (chance < 0.15 && tabs.length < MAX_TABS)) openTab();
      else if (chance < 0.22 && target) end(target, "close");
      else if (chance < 0.3 && target) end(target, "crash");
      else if (chance < 0.37 && target) {
        target.tab.hang();
        setTimeout(() => target.tab.wake(), 100 + random() * 2_000);
      } else if (chance < 0.42) server.cut();
      else {
        const sender = pick();
        if (sender) send(sender, `${String(seed)}.${String(step)}`);
      }
    }
    for (const { tab } of tabs) tab.wake();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    for (const { tab } of tabs) tab.wake();
    for (const open of tabs) send(open, `over ${open.name}`);
    await expect
      .poll(() => tabs.map(({ overs }) => overs.size), { timeout: 15_000 })
      .toEqual(tabs.map(() => tabs.length));
    await new Promise((resolve) => setTimeout(resolve, 100));
    // The tabs that have lived to the end know of each of their messages that it was delivered.
    expect(
      tabs.flatMap((open) => open.receipts.filter((receipt) => !receipt.endsWith(" delivered"))),
    ).toEqual([]);
    const { violations } = checker.finish();
    expect(violations).toEqual([]);
    expect([...server.runs].filter(([, count]) => count > 1)).toEqual([]);
    // A tab that has missed what the others' connection has read is alone until it connects again.
    for (const { client } of tabs) client.reconnect();
    await expect.poll(() => server.manager.getConnectionStats().totalConnections, { timeout: 5_000 }).toBe(1);
    for (const open of [...tabs]) end(open, "close");
    await server.stop();
  },
);
