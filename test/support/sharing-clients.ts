// Clients in simulated tabs that share a connection, and a server that lists its sockets and the handlers that it ran.
import { createWebSocketClient } from "@halyard/client";
import type { WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import { defineProtocol, message, request } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import { z } from "zod";
import { shareSockets } from "../../packages/client/src/sharing/shared-socket.ts";
import type { SharingPlatform } from "../../packages/client/src/sharing/sharing-parts.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";
import { SimulatedTab } from "./simulated-tabs.ts";
import type { SimulatedBrowser } from "./simulated-tabs.ts";

const protocol = defineProtocol({
  clientMessages: { note: message(z.object({ text: z.string() })) },
  requests: { echo: request({ input: z.object({ text: z.string() }), output: z.string() }) },
  serverMessages: {
    news: message(z.object({ text: z.string(), room: z.string().optional(), ch: z.string().optional() })),
  },
});
type Protocol = typeof protocol;

/** A server for tabs. A ticket is the id of a user, which a `.` and any text may follow. */
export async function serveTabs({ isSharing = true, maxConnectionsPerUser = 20 } = {}) {
  const ran: string[] = [];
  const gate = { wait: Promise.resolve() };
  const system = createWebSocketSystem({
    protocol,
    authenticate: ({ ticket }) =>
      ticket === undefined ? null : { user: { id: ticket.replace(/\..*/, "") } },
    authorize: () => true,
    echoToSender: isSharing,
    maxConnectionsPerUser,
    limits: { acceptedUpgradesPerSecond: 1e4, acceptedUpgradeBurst: 1e4 },
  });
  const { manager, handlers } = system;
  handlers.on("note", async ({ text }, { user }) => {
    ran.push(`${user.id} ${text}`);
    await gate.wait;
    await manager.broadcastMessage({ type: "news", text });
  });
  handlers.onRequest("echo", async ({ text }, { user }) => {
    ran.push(`${user.id} ${text}`);
    await gate.wait;
    return text;
  });
  const server = createServer();
  attachWebSocketServer(server, { manager, path: "/ws" });
  const port = await listenOnLoopback(server);
  return {
    url: `ws://127.0.0.1:${String(port)}/ws`,
    manager,
    ran,
    gate,
    /** The user of each socket, sorted. */
    get users(): string[] {
      return [...manager.wsInstances].flatMap(([user, sockets]) => [...sockets].map(() => user)).sort();
    },
    stop: async () => {
      await manager.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface SharingClient {
  readonly tab: SimulatedTab;
  readonly client: WebSocketClient<Protocol>;
  /** The news that the client has received, each after its room. */
  readonly news: string[];
  readonly states: string[];
}

interface SharingClientOptions extends Omit<WebSocketClientOptions, "url"> {
  readonly url: string;
  readonly platform?: Partial<SharingPlatform>;
  /** The class of the sockets. @default the `WebSocket` of the tab */
  readonly socketClass?: (tab: SimulatedTab) => WebSocketClass;
  /** Returns the class that the client gets in place of the shared sockets. @default the shared sockets */
  readonly wrap?: (shared: WebSocketClass) => WebSocketClass;
}

type WebSocketClass = NonNullable<WebSocketClientOptions["WebSocket"]>;

export function openSharingClient(
  browser: SimulatedBrowser,
  {
    platform,
    socketClass = (tab) => tab.WebSocket,
    wrap = (shared) => shared,
    ...given
  }: SharingClientOptions,
): SharingClient {
  const tab = new SimulatedTab(browser);
  const { clock } = tab;
  const WebSocket = socketClass(tab);
  const backoff = { minMs: 5, baseMs: 20, maxMs: 100 };
  const options: WebSocketClientOptions = {
    clock,
    fetch,
    WebSocket,
    backoff,
    onError: () => undefined,
    ...given,
  };
  const settings = { ...options };
  shareSockets({ clock, options, settings, platform: { ...tab.platform, ...platform } });
  const client = createWebSocketClient<Protocol>({
    ...settings,
    WebSocket: wrap(settings.WebSocket ?? WebSocket),
  });
  const [news, states]: [string[], string[]] = [[], []];
  client.on("news", ({ text }, { room }) => void news.push(room === undefined ? text : `${room} ${text}`));
  client.onStateChange(({ status }) => void states.push(status));
  return { tab, client, news, states };
}
