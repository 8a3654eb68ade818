import { createServer } from "node:http";
import type { Server } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { defineProtocol, message } from "@halyard/protocol";
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createRandom } from "@halyard/testing";
import { createFaultProxy } from "@halyard/testing/node";
import type { FaultProxy } from "@halyard/testing/node";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { z } from "zod";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { POLL } from "../support/wait.ts";

/** A message without a rate of its own, as a stroke of a drawing has none. */
const protocol = defineProtocol({
  clientMessages: { note: message(z.object({ text: z.string() })) },
});

const packages = join(import.meta.dirname, "../../packages");
const imports = Object.fromEntries(
  ["", "/wire", "/internal"].map((entry) => [
    `@halyard/protocol${entry}`,
    `/protocol/dist/${entry.slice(1) || "index"}.js`,
  ]),
);

/** A page whose client is `client`, and which sends the texts of `send(from, to)` one after the other. */
const html = (
  port: number,
) => `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module">
  import { createWebSocketClient } from "/client/dist/browser.js";
  const storage = new URLSearchParams(location.search).get("storage") ?? undefined;
  const client = createWebSocketClient({
    url: "ws://127.0.0.1:${String(port)}/ws",
    outbox: storage ? { storage } : {},
    backoff: { minMs: 20, baseMs: 20, maxMs: 100 },
  });
  let next = Number(localStorage.getItem("next") ?? 0);
  window.unsettled = 0;
  window.send = (count) => {
    for (let index = 0; index < count; index++) {
      window.unsettled++;
      client.send("note", { text: String(next++) }).then(() => window.unsettled--);
    }
    localStorage.setItem("next", next);
  };
  window.client = client;
</script>`;

interface App {
  readonly server: Server;
  readonly proxy: FaultProxy;
  readonly origin: string;
  readonly received: string[];
  close(): Promise<void>;
}

async function startApp(): Promise<App> {
  const system = createWebSocketSystem({
    protocol,
    allowedOrigins: () => true,
    authenticate: ({ headers }) => {
      const [, id] = /user=(\w+)/.exec(headers.get("cookie") ?? "") ?? [];
      return id === undefined ? null : { user: { id, name: id } };
    },
  });
  const received: string[] = [];
  system.handlers.on("note", ({ text }, { user }) => void received.push(`${user.id} ${text}`));
  let proxy: FaultProxy | undefined = undefined;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/") {
      response.setHeader("content-type", "text/html").end(html(proxy?.port ?? 0));
      return;
    }
    readFile(join(packages, pathname)).then(
      (content) => response.setHeader("content-type", "text/javascript").end(content),
      () => response.writeHead(404).end(),
    );
  });
  attachWebSocketServer(server, { manager: system.manager });
  const port = await listenOnLoopback(server);
  proxy = await createFaultProxy({ target: { port } });
  const started = proxy;
  return {
    server,
    proxy: started,
    origin: `http://127.0.0.1:${String(port)}`,
    received,
    async close() {
      await started.close();
      await system.manager.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const texts = (count: number, user = "ada") =>
  Array.from({ length: count }, (_, index) => `${user} ${String(index)}`);

describe("a page that is loaded anew", () => {
  let browser: Browser;
  let app: App;
  let context: BrowserContext;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    app = await startApp();
    context = await browser.newContext();
    await signIn("ada");
  });
  afterEach(async () => {
    await context.close();
    await app.close();
  });

  const signIn = (user: string) => context.addCookies([{ name: "user", value: user, url: app.origin }]);

  async function load(storage: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${app.origin}/?storage=${storage}`);
    return page;
  }
  const send = (page: Page, count: number) =>
    page.evaluate((sends) => {
      (window as unknown as { send(sends: number): void }).send(sends);
    }, count);
  const isOpen = (page: Page) =>
    expect
      .poll(
        () =>
          page.evaluate(
            () => (window as unknown as { client?: { state: { status: string } } }).client?.state.status,
          ),
        POLL,
      )
      .toBe("open");
  /** IndexedDB writes in its own time, some milliseconds later. */
  const isKept = (page: Page, text: string) =>
    expect
      .poll(
        () =>
          page.evaluate(
            () =>
              new Promise<string>((resolve) => {
                const opening = indexedDB.open("halyard", 1);
                opening.onsuccess = () => {
                  const all = opening.result.transaction("outbox").objectStore("outbox").getAll();
                  all.onsuccess = () => {
                    opening.result.close();
                    resolve(JSON.stringify(all.result));
                  };
                };
              }),
          ),
        POLL,
      )
      .toContain(text);
  const cut = () => {
    app.proxy.refuse();
    for (const connection of app.proxy.connections) connection.cut();
  };

  it.each(["session", "indexeddb"])(
    "sends what waited, once, in order and before its own messages, with %s [s-D17]",
    async (storage) => {
      const page = await load(storage);
      await isOpen(page);
      await send(page, 2);
      cut();
      await send(page, 30);
      if (storage === "indexeddb") await isKept(page, '\\"31\\"');
      await page.reload();
      await send(page, 3);
      app.proxy.accept();
      await expect.poll(() => app.received, POLL).toEqual(texts(35));
      await isOpen(page);
      await send(page, 1);
      await expect.poll(() => app.received, POLL).toEqual(texts(36));
    },
  );

  it("loses and doubles nothing when it is loaded anew again and again [s-D17]", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    process.stdout.write(`reload.test.ts: seed ${String(seed)}\n`);
    const random = createRandom(seed);
    const page = await load("session");
    for (let round = 0; round < 8; round++) {
      await send(page, 1 + Math.floor(random() * 4));
      // The code that keeps them is loaded after the page's own: until then, nothing is kept.
      await page.waitForFunction(
        () => sessionStorage.length > 0 || (window as unknown as { unsettled: number }).unsettled === 0,
      );
      if (random() < 0.3) for (const connection of app.proxy.connections) connection.cut();
      await page.waitForTimeout(random() * 60);
      await page.reload();
    }
    const sent = await page.evaluate(() => Number(localStorage.getItem("next")));
    await expect.poll(() => app.received, POLL).toEqual(texts(sent));
  });

  it("leaves what waited to the next tab when its own is closed, with indexeddb [s-D17]", async () => {
    const page = await load("indexeddb");
    await isOpen(page);
    cut();
    await send(page, 5);
    await isKept(page, '\\"4\\"');
    await page.close();
    app.proxy.accept();
    await load("indexeddb");
    await expect.poll(() => app.received, POLL).toEqual(texts(5));
  });

  it("lets another page delete the database, as at a sign-out, and keeps what follows in a new one [s-D17]", async () => {
    const page = await load("indexeddb");
    await isOpen(page);
    const other = await context.newPage();
    await other.goto(`${app.origin}/?storage=`);
    const deleted = await other.evaluate(
      () =>
        new Promise<string>((resolve) => {
          const deleting = indexedDB.deleteDatabase("halyard");
          deleting.onsuccess = () => resolve("deleted");
          deleting.onblocked = () => resolve("blocked");
        }),
    );
    expect(deleted).toBe("deleted");
    cut();
    await send(page, 5);
    await isKept(page, '\\"4\\"');
    await page.close();
    app.proxy.accept();
    await load("indexeddb");
    await expect.poll(() => app.received, POLL).toEqual(texts(5));
  });

  it("sends nothing of another user, and a duplicated tab nothing of the first [s-D17]", async () => {
    const page = await load("session");
    await isOpen(page);
    cut();
    await send(page, 3);
    const [duplicate] = await Promise.all([
      context.waitForEvent("page"),
      page.evaluate(() => void window.open(location.href)),
    ]);
    expect(await duplicate.evaluate(() => sessionStorage.length)).toBe(1);
    app.proxy.accept();
    await isOpen(duplicate);
    await expect.poll(() => app.received, POLL).toEqual(texts(3));
    cut();
    await send(page, 2);
    await signIn("eve");
    await page.reload();
    app.proxy.accept();
    await isOpen(page);
    await send(page, 1);
    await expect.poll(() => app.received, POLL).toEqual([...texts(3), "eve 5"]);
    await signIn("ada");
    await page.reload();
    await expect.poll(() => app.received, POLL).toEqual([...texts(3), "eve 5", "ada 3", "ada 4"]);
  });
});
