import { join } from "node:path";
import { expect, it } from "vitest";
import { bundle } from "../support/bundle.ts";
import { launchChromium } from "../support/chromium.ts";
import { startScriptedServer } from "../support/scripted-server.ts";
import { POLL } from "../support/wait.ts";

it("a page writes what waits for its rate before it goes, as far as the server takes it at once [s-D17]", async () => {
  const script = await bundle(join(import.meta.dirname, "../fixtures"), "page-that-sends.ts");
  const html = `<!doctype html><script type="module">${script}</script>`;
  const server = await startScriptedServer({
    onRequest: (_request, response) => response.setHeader("content-type", "text/html").end(html),
    welcome: () => ({
      limits: {
        messageBytes: 65_536,
        unacknowledged: 32,
        messagesPerSecond: 2,
        messageBurst: 4,
        bytesPerSecond: 262_144,
      },
    }),
  });
  const browser = await launchChromium();
  const contents = () =>
    server.connections[0]?.frames.flatMap((frame) =>
      frame.type === "chat_message" ? [frame["content"]] : [],
    );
  try {
    const page = await browser.newPage();
    await page.goto(server.url.replace("ws", "http"));
    await expect.poll(contents, POLL).toContain("2");
    await page.goto("about:blank");
    await expect.poll(contents, { timeout: 5_000 }).toEqual(["1", "2", "3", "4"]);
  } finally {
    await browser.close();
    await server.stop();
  }
});
