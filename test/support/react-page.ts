// A page of @halyard/react in Chromium, and the server that it connects to.
import { createServer } from "node:http";
import { defineProtocol, message, request } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { bundle } from "./bundle.ts";
import { listenOnLoopback } from "./listen-on-loopback.ts";

const Line = z.object({ id: z.string(), number: z.int(), text: z.string() });
const protocol = defineProtocol({
  clientMessages: { line: message(Line, { room: "required" }) },
  serverMessages: { line: message(Line) },
  requests: { history: request({ output: z.array(Line), room: "required" }) },
});
export interface LineProtocol extends ProtocolOf<typeof protocol> {}

/** The list scrolls in a box of its own, as the list of a chat does. */
const HTML = `<!doctype html><title>connecting</title><link rel="icon" href="data:," />
  <style>ul { height: 400px; overflow: auto; list-style: none }</style><body></body>`;

export class ReactPage {
  readonly page: Page;
  /** The sockets that the page has opened. */
  sockets = 0;
  readonly #server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(HTML);
  });
  readonly #system = createWebSocketSystem({
    protocol,
    authenticate: () => ({ user: { id: "reader", name: "Reader" } }),
    authorize: () => true,
    onConnect: () => {
      this.sockets++;
    },
  });

  private constructor(page: Page) {
    this.page = page;
    this.#system.handlers.onRequest("history", () => []);
  }

  /** Opens a page with a script of this folder, which shows the state of its client as its title. */
  static async open(browser: Browser, file: string): Promise<ReactPage> {
    const opened = new ReactPage(await browser.newPage());
    const server = opened.#server;
    attachWebSocketServer(server, { manager: opened.#system.manager });
    const port = await listenOnLoopback(server);
    await opened.page.goto(`http://127.0.0.1:${String(port)}/`);
    await opened.page.addScriptTag({ type: "module", content: await bundle(import.meta.dirname, file) });
    await opened.page.waitForFunction("document.title === 'open'");
    return opened;
  }

  async membersOf(room: string): Promise<number> {
    return (await this.#system.manager.getRoomStats(room)).totalConnections;
  }

  async publish(room: string, line: z.infer<typeof Line>): Promise<void> {
    await this.#system.manager.sendToRoom(room, { type: "line", ...line });
  }

  async close(): Promise<void> {
    await this.page.close();
    await this.#system.manager.close();
    this.#server.close();
  }
}
