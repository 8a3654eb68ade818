// A page that the browser keeps while its user is at another one, and shows again by the back button: Chromium closes its
// socket meanwhile, and tells it nothing before it is shown.
import { createWebSocketSystem } from "@halyard/server";
import { attachWebSocketServer } from "@halyard/server/node";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, it } from "vitest";
import { bundle } from "../support/bundle.ts";
import { launchWithPageCache } from "../support/chromium.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { POLL } from "../support/wait.ts";

/** Of fixtures/page-that-returns.ts. */
declare const shown: { received: string[]; wasKept: boolean; status: () => string };

it("a page that comes back from the back/forward cache is connected again, has missed nothing and gets nothing twice", async () => {
  const script = await bundle(join(import.meta.dirname, "../fixtures"), "page-that-returns.ts");
  const { manager } = createWebSocketSystem({
    authenticate: () => ({ user: { id: "ada" } }),
    authorize: () => true,
    logger: false,
  });
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(
      request.url === "/" ? `<!doctype html><script type="module">${script}</script>` : "elsewhere",
    );
  });
  attachWebSocketServer(server, { manager });
  const url = `http://127.0.0.1:${String(await listenOnLoopback(server))}`;
  const browser = await launchWithPageCache();
  try {
    const page = await browser.newPage();
    const received = () => page.evaluate(() => shown.received);
    await page.goto(url);
    await expect.poll(received, POLL).toEqual(["joined"]);
    await page.goto(`${url}/elsewhere`);
    await expect.poll(() => manager.getConnectionStats().totalConnections, POLL).toBe(0);
    await manager.broadcastMessage({ type: "announcement", message: "1" });
    await manager.sendToRoom("general", { type: "announcement", message: "2" });
    // Playwright waits for no load event: a page that was kept has none.
    await page.goBack({ waitUntil: "commit" });
    await expect
      .poll(() => page.evaluate(() => [shown.wasKept, shown.status()]), POLL)
      .toEqual([true, "open"]);
    await manager.broadcastMessage({ type: "announcement", message: "3" });
    await expect.poll(received, POLL).toHaveLength(5);
    expect(await received()).toEqual(["joined", "1", "2", "room: 2", "3"]);
  } finally {
    await browser.close();
    await manager.close();
    server.closeAllConnections();
    server.close();
  }
});
