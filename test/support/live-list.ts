// A server that publishes lines at a steady rate, and a page in Chromium that shows them in a list of 1,000.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { defineProtocol, message } from "@halyard/protocol";
import type { ProtocolOf } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { bundle } from "./bundle.ts";
import { until } from "./wait.ts";

const Line = z.object({ id: z.string(), number: z.int(), text: z.string() });
const protocol = defineProtocol({
  clientMessages: { line: message(Line, { room: "required" }) },
  serverMessages: { line: message(Line) },
});
export interface LineProtocol extends ProtocolOf<typeof protocol> {}

/** What the page has seen. */
export interface ListCounts {
  /** Of the component with the list. */
  renders: number;
  /** The numbers of the lines, each time one came. */
  readonly numbers: number[];
}

const ROOM = "list";
const TURN_MS = 10;
/** The list scrolls in a box of its own, as the list of a chat does. */
const HTML = `<!doctype html><title>List</title><link rel="icon" href="data:," />
  <style>ul { height: 400px; overflow: auto; list-style: none }</style><body></body>`;

export class LiveList {
  readonly #server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(HTML);
  });
  readonly #system = createWebSocketSystem({
    protocol,
    authenticate: () => ({ user: { id: "reader", name: "Reader" } }),
    authorize: () => true,
  });
  #page: Page | undefined;
  #published = 0;

  /** Opens the page, and waits until it has joined the room. */
  async open(browser: Browser): Promise<void> {
    const { manager } = this.#system;
    attachWebSocketServer(this.#server, { manager });
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    const { port } = this.#server.address() as AddressInfo;
    this.#page = await browser.newPage();
    await this.#page.goto(`http://127.0.0.1:${String(port)}/`);
    await this.#page.addScriptTag({
      type: "module",
      content: await bundle(import.meta.dirname, "live-list-page.ts"),
    });
    await this.#page.locator("ul[data-status=open] li").first().waitFor();
    const isJoined = async () => (await manager.getRoomStats(ROOM)).totalConnections === 1;
    await until("the page to join the room", isJoined);
  }

  /** Publishes so many lines a second. Resolves when the page has all of them. */
  async publish(perSecond: number, seconds: number): Promise<void> {
    const startedAt = performance.now();
    const before = this.#published;
    const count = perSecond * seconds;
    while (this.#published < before + count) {
      const due = Math.min(count, ((performance.now() - startedAt) / 1_000) * perSecond);
      while (this.#published < before + due) await this.#publishLine();
      await pause(TURN_MS);
    }
    const hasAll = async () => (await this.counts()).numbers.at(-1) === this.#published;
    await until("the page to have every line", hasAll);
  }

  async counts(): Promise<ListCounts> {
    return this.page.evaluate<ListCounts>("counts");
  }

  /** The texts of the list, oldest first. */
  async texts(): Promise<string[]> {
    return this.page.locator("li").allInnerTexts();
  }

  get page(): Page {
    if (this.#page === undefined) throw new Error("The page is not open");
    return this.#page;
  }

  async close(): Promise<void> {
    await this.#page?.close();
    await this.#system.manager.close();
    this.#server.close();
  }

  async #publishLine(): Promise<void> {
    const number = ++this.#published;
    const line = { id: `line ${String(number)}`, number, text: `Line ${String(number)} of this list.` };
    await this.#system.manager.sendToRoom(ROOM, { type: "line", ...line });
  }
}
