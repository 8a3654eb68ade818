import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { findFreePort } from "../../scripts/free-port.ts";
import { Program } from "../support/program.ts";
import { DEMO } from "./demo-server.ts";
import { chatAt, Scenario } from "./scenario.ts";
import type { UserPage } from "./user-page.ts";

const require = createRequire(join(DEMO, "package.json"));
const VITE = join(require.resolve("vite/package.json"), "../bin/vite.js");

describe("a page in development on another port", () => {
  let scenario: Scenario;
  let vite: Program;
  let page: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open({ entry: "server/node.ts" });
    const port = String(await findFreePort());
    const env = { VITE_SERVER_URL: scenario.server.origin };
    vite = new Program(binaryOf("node"), [VITE, "--port", port], { cwd: DEMO, env });
    await vite.prints(/Local:/);
    page = await scenario.visitor({}, chatAt(`http://127.0.0.1:${port}`));
  });
  afterAll(async () => {
    await scenario.close();
    await vite.end();
  });

  it("the page names the option that the server lacks", async () => {
    const origin = new URL(page.page.url()).origin;
    expect(await page.at("origin-help").innerText()).toBe(`ALLOWED_ORIGINS=${origin}`);
    // The browser reports the rejected requests itself.
    scenario.expectNoErrors(/CORS policy|net::ERR_FAILED/);
  });

  it("the page connects, chats and reconnects once ALLOWED_ORIGINS is set", async () => {
    const [name, value] = (await page.at("origin-help").innerText()).split("=");
    await scenario.server.stop("SIGTERM");
    await scenario.server.start({ [String(name)]: String(value) });
    await page.page.getByRole("button", { name: "Try again" }).click();
    await page.signInAsGuest("Ada");
    const bob = await scenario.guest("Bob");
    await page.send("from another port");
    await page.sees("from another port");
    await bob.sees("from another port");
    await page.at("cut").click();
    await page.connectionIs("waiting");
    await page.send("and back again");
    await page.isOnline();
    await Promise.all([page, bob].map((user) => user.sees("from another port", "and back again")));
    scenario.expectNoErrors();
  });
});
