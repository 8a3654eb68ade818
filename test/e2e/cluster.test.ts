// `demo:cluster` in a browser: what a visitor sees of a node that is killed, of a Redis that is stopped, and of a maintenance.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClusterStatus } from "../../apps/demo/shared/cluster.ts";
import { binaryOf } from "../support/app-server.ts";
import { launchChromium } from "../support/chromium.ts";
import { findFreePort } from "../../scripts/free-port.ts";
import { IS_LONG } from "../support/long-run.ts";
import { Program } from "../support/program.ts";
import { POLL, until } from "../support/wait.ts";
import { DEMO } from "./demo-server.ts";
import { chatAt } from "./scenario.ts";
import { UserPage } from "./user-page.ts";
import { FrontPage } from "./front-page.ts";

const SCREENSHOTS = join(import.meta.dirname, "../.reports/screenshots");
const data = mkdtempSync(join(tmpdir(), "halyard-cluster-"));
let browser: Browser;
let program: Program;
let origin = "";
let ada: UserPage;
let bob: UserPage;

beforeAll(async () => {
  const port = await findFreePort();
  origin = `http://127.0.0.1:${String(port)}`;
  program = new Program(binaryOf("node"), ["cluster/main.ts"], {
    cwd: DEMO,
    env: { PORT: String(port), DATA: data },
  });
  browser = await launchChromium();
  await program.prints(/three nodes on one Redis/, 60_000);
  [ada, bob] = [await visitor("Ada"), await visitor("Bob")];
}, 120_000);

afterAll(async () => {
  await browser.close();
  const code = await program.end("SIGTERM");
  rmSync(data, { recursive: true, force: true });
  // One signal ends all of it.
  expect(code).toBe(0);
});

async function visitor(name: string): Promise<UserPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const user = new UserPage(await context.newPage());
  await user.page.goto(chatAt(origin));
  await user.signInAsGuest(name);
  return user;
}

async function status(): Promise<ClusterStatus> {
  return (await (await fetch(`${origin}/cluster`)).json()) as ClusterStatus;
}

const nodeOf = (user: UserPage): Promise<string> => user.at("node").innerText();
const press = (user: UserPage, name: string): Promise<void> =>
  user.at("cluster").getByRole("button", { name }).click();

async function bothSee(texts: readonly string[]): Promise<void> {
  const sorted = texts.toSorted();
  for (const user of [ada, bob]) {
    await expect.poll(async () => (await user.texts()).toSorted(), POLL).toEqual(sorted);
  }
  await ada.showsTheSameAs(bob);
}

it("visitors on two nodes write to each other, and the page names the nodes", async () => {
  expect(await nodeOf(ada)).not.toBe(await nodeOf(bob));
  await expect.poll(() => ada.at("nodes-up").innerText(), POLL).toContain("one of 3");
  await ada.send("from Ada");
  await bob.send("from Bob");
  await bothSee(["from Ada", "from Bob"]);
  await ada.page.screenshot({ path: join(SCREENSHOTS, "cluster.png"), animations: "disabled" });
});

it("a visitor whose node is killed while it writes goes on at another one: each message once, in one order", async () => {
  const node = await nodeOf(ada);
  await press(ada, "Kill this node");
  const texts = ["one", "two", "three", "four"];
  for (const text of texts) {
    await ada.send(text);
    await bob.send(`${text} of Bob`);
  }
  await expect.poll(() => nodeOf(ada), POLL).not.toBe(node);
  await bothSee(["from Ada", "from Bob", ...texts, ...texts.map((text) => `${text} of Bob`)]);
  await until(
    "the node to be back",
    async () => (await status()).nodes.every((each) => each.status === "up"),
    30_000,
  );
});

it("messages that are written while Redis is stopped for five seconds arrive when it is back, each once", async () => {
  const before = await ada.texts();
  await press(ada, "Stop Redis");
  await until("Redis to be stopped", async () => (await status()).redis === "stopped");
  const stoppedAt = Date.now();
  await ada.send("while Redis was away");
  await bob.send("Bob, too");
  await expect.poll(async () => (await ada.messages()).at(-1)?.status, POLL).toBe("sending");
  await ada.page.screenshot({ path: join(SCREENSHOTS, "cluster-without-redis.png"), animations: "disabled" });
  await until("five seconds without Redis", () => Date.now() - stoppedAt > 5_000, 10_000);
  // No client was disconnected for it.
  await ada.connectionIs("open");
  await press(bob, "Start Redis");
  await bothSee([...before, "while Redis was away", "Bob, too"]);
}, 60_000);

if (IS_LONG)
  it("a node that is taken out for maintenance hands its visitors over before it ends", async () => {
    const [node, before] = [await nodeOf(bob), await bob.texts()];
    const statusOf = async () => (await status()).nodes.find(({ name }) => name === node)?.status;
    await press(bob, "Maintain it");
    await bob.send("during maintenance");
    await until("the node to end", async () => (await statusOf()) === "down", 30_000);
    // It may be on the same node again, which starts anew after three seconds.
    await bob.isOnline();
    await bothSee([...before, "during maintenance"]);
  }, 60_000);

it("a visitor of the front page kills the node of its pane: another node takes over, and nothing is lost or doubled", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = new FrontPage(new UserPage(await context.newPage()));
  await page.user.page.goto(origin);
  await page.isReady();
  const verdict = await page.makeTrouble("kill");
  expect(verdict).toMatchObject({ lost: 0, doubled: 0, written: 2, sentOnce: 2, connections: 1 });
  await page.bothShowTheSame();
  // The connection to the killed node is no tab.
  expect(await page.at("tabs").innerText()).toBe("1 tab");
  expect(await page.at("steps-done").innerText()).toBe("1 of 6 done");
}, 60_000);
