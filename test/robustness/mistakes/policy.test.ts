// A page whose content security policy does not name the server.
import { createServer } from "node:http";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, it } from "vitest";
import { bundle } from "../../support/bundle.ts";
import { launchChromium } from "../../support/chromium.ts";
import { expectRow, Scene } from "./scene.ts";

const scene = new Scene();
let browser: Browser;
let script = "";

beforeAll(async () => {
  [browser, script] = await Promise.all([
    launchChromium(),
    bundle(join(import.meta.dirname, "../../fixtures"), "page-that-sends.ts"),
  ]);
});
afterAll(() => browser.close());

it("a policy without connect-src for the server is said by the browser, and by the client within seconds", async () => {
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.setHeader("content-security-policy", "default-src 'none'; script-src 'self'");
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  const port = await scene.listen(server);
  const page = await browser.newPage();
  page.on("console", (message) => {
    scene.tell(message.text());
  });
  await page.goto(`http://127.0.0.1:${String(port)}`);
  await expectRow("content-security-policy", scene.said);
});
