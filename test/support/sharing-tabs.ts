// A Halyard server whose pages share one connection, and tabs of Chromium that show them.
// The server counts its sockets; a tab records its messages, receipts, problems and states in order.
import { createWebSocketSystem } from "@halyard/server";
import type { WebSocketManager, WebSocketManagerConfig } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { BrowserContext, Page } from "playwright-core";
import { createServer as createViteServer } from "vite";
import { bundle } from "./bundle.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";
import { project } from "./typescript.ts";

const SCRIPT = `
  import { createWebSocketClient } from "@halyard/client";
  const fetchTicket = async () => (await (await fetch("/api/auth/halyard/ticket", { method: "POST" })).json()).ticket;
  const ticket = location.search === "?ticket" ? fetchTicket : undefined;
  const client = createWebSocketClient({ url: "/ws", share: true, ticket, onError: (error) => problems.push(String(error)) });
  const [seen, receipts, problems, states] = [[], [], [], []];
  let opened = 0;
  client.onAny((message, { room }) => {
    if (message.type === "chat_message") seen.push((room ?? "all") + " " + message.content);
  });
  client.onGap((channel, reason) => problems.push("gap " + channel + " " + reason));
  client.onStateChange(({ status }) => {
    states.push(status);
    if (status === "open") opened = Date.now();
  });
  const rooms = new Map();
  globalThis.tab = {
    client, seen, receipts, problems, states,
    join: (name) => void rooms.set(name, client.join(name)),
    leave: (name) => rooms.get(name).leave(),
    send: (content, room) =>
      void (room ? rooms.get(room) : client).send("chat_message", { content }).then(({ status }) => receipts.push(content + " " + status)),
    openedAt: () => (client.state.status === "open" ? opened : 0),
    state: () => client.state.status + " " + (client.user?.userId ?? ""),
  };`;

/** The global `tab` of a page. */
interface InPage {
  readonly seen: string[];
  readonly receipts: string[];
  readonly problems: string[];
  readonly states: string[];
  join(room: string): void;
  leave(room: string): void;
  send(content: string, room?: string): void;
  openedAt(): number;
  state(): string;
  readonly client: {
    close(): void;
    reconnect(): void;
    request(name: string, input?: unknown): Promise<unknown>;
  };
}
declare const tab: InPage;

/** The authentication of a server, and its answers to other requests than those for the page. */
export interface SharingAuth {
  readonly authenticate: NonNullable<WebSocketManagerConfig["authenticate"]>;
  /** @returns whether it has answered the request */
  readonly handle?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** The authentication by the cookie `session`, which is the id of the user. */
const BY_COOKIE: SharingAuth = {
  authenticate: ({ headers }) => {
    const user = /session=(\w+)/.exec(headers.get("cookie") ?? "")?.[1];
    return user === undefined ? null : { user: { id: user, name: user } };
  },
};

interface SharingServerOptions {
  readonly authFor?: (url: string) => Promise<SharingAuth>;
  /** Whether the development server of Vite serves the page. @default false: the page is built into one script */
  readonly isDev?: boolean;
}

interface SharingServerParts {
  readonly http: Server;
  readonly manager: WebSocketManager;
  readonly url: string;
  readonly stopPage: () => Promise<void>;
}

export class SharingServer {
  readonly #http: Server;
  readonly #manager: WebSocketManager;
  readonly #stopPage: () => Promise<void>;
  readonly url: string;

  private constructor({ http, manager, stopPage, url }: SharingServerParts) {
    this.#http = http;
    this.#manager = manager;
    this.#stopPage = stopPage;
    this.url = url;
  }

  static async start({
    authFor = async () => BY_COOKIE,
    isDev = false,
  }: SharingServerOptions = {}): Promise<SharingServer> {
    const http = createServer();
    const [page, port] = await Promise.all([isDev ? servePage() : buildPage(), listenOnLoopback(http)]);
    const url = `http://127.0.0.1:${String(port)}/`;
    const { authenticate, handle } = await authFor(url);
    const { manager } = createWebSocketSystem({
      authenticate,
      authorize: () => true,
      // Few users open many tabs.
      limits: { acceptedUpgradesPerSecond: 1_000, acceptedUpgradeBurst: 1_000 },
    });
    http.on("request", (request: IncomingMessage, response: ServerResponse) => {
      if (/^\/ws($|\?)/.test(request.url ?? "") || handle?.(request, response) === true) return;
      page.answer(request, response);
    });
    attachWebSocketServer(http, { manager, path: "/ws" });
    return new SharingServer({ http, manager, url, stopPage: page.stop });
  }

  get sockets(): number {
    return this.#manager.getConnectionStats().totalConnections;
  }

  get manager(): WebSocketManager {
    return this.#manager;
  }

  async stop(): Promise<void> {
    await this.#manager.close();
    this.#http.closeAllConnections();
    this.#http.close();
    await this.#stopPage();
  }
}

interface ServedPage {
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly stop: () => Promise<void>;
}

async function buildPage(): Promise<ServedPage> {
  const root = project("sharing-tabs", { "page.ts": SCRIPT });
  const script = await bundle(root, "page.ts");
  rmSync(root, { recursive: true });
  const html = `<!doctype html><title>tab</title><script type="module">${script}</script>`;
  return {
    answer: (_, response) => response.setHeader("content-type", "text/html").end(html),
    stop: async () => undefined,
  };
}

async function servePage(): Promise<ServedPage> {
  const html = `<!doctype html><title>tab</title><script type="module" src="/page.ts"></script>`;
  const root = project("sharing-tabs-dev", { "page.ts": SCRIPT, "index.html": html });
  const vite = await createViteServer({
    root,
    configFile: false,
    logLevel: "error",
    server: { middlewareMode: true, ws: false, hmr: false },
  });
  const stop = async (): Promise<void> => {
    await vite.close();
    rmSync(root, { recursive: true });
  };
  return { answer: vite.middlewares, stop };
}

/** A tab that has loaded the page. */
export class SharingTab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  static async open(context: BrowserContext, url: string): Promise<SharingTab> {
    const page = await context.newPage();
    await page.goto(url);
    return new SharingTab(page);
  }

  /** Ends the renderer of the page, as a crash does. */
  async crash(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    // A crashed renderer sends no answer.
    void session.send("Page.crash").catch(() => undefined);
  }

  async freeze(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
  }

  /** Stops the scripts of the page, which gets no event of it, as on an overloaded machine. */
  async hang(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send("Debugger.enable");
    await session.send("Debugger.pause");
  }

  join(room: string): Promise<void> {
    return this.page.evaluate((name) => tab.join(name), room);
  }

  send(content: string, room?: string): Promise<void> {
    return this.page.evaluate(([text = "", name]) => tab.send(text, name), [content, room]);
  }

  state(): Promise<string> {
    return this.page.evaluate(() => tab.state());
  }

  openedAt(): Promise<number> {
    return this.page.evaluate(() => tab.openedAt());
  }

  notes(): Promise<Pick<InPage, "seen" | "receipts" | "problems" | "states">> {
    return this.page.evaluate(() => {
      const { seen, receipts, problems, states } = tab;
      return { seen, receipts, problems, states };
    });
  }
}
