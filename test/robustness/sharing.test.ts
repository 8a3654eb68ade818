// Tabs of a real browser that share a connection: while their leaders end, with the users and sessions of Better Auth on SQLite, and with
// Vite's dev server.
import { betterAuthAuthenticator, halyard } from "@halyard/better-auth";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openTabs } from "../support/chromium.ts";
import type { Tabs } from "../support/chromium.ts";
import { SharingServer, SharingTab } from "../support/sharing-tabs.ts";
import type { SharingAuth } from "../support/sharing-tabs.ts";
import { POLL } from "../support/wait.ts";
import { testPasswords } from "../support/better-auth-parts.ts";

let server: SharingServer;
let tabs: Tabs;

beforeAll(async () => {
  [server, tabs] = await Promise.all([SharingServer.start(), openTabs()]);
});
afterAll(async () => {
  await tabs.close();
  await server.stop();
});
beforeEach(async () => {
  await closePages();
  await expect.poll(() => server.sockets, POLL).toBe(0);
});

async function closePages(): Promise<void> {
  for (const page of tabs.context.pages()) if (page.url() !== "about:blank") await page.close();
}

async function open(count: number, user = "ada"): Promise<SharingTab[]> {
  await tabs.context.addCookies([{ name: "session", value: user, url: server.url }]);
  const opened: SharingTab[] = [];
  for (let n = 0; n < count; n++) opened.push(await SharingTab.open(tabs.context, server.url));
  return opened;
}

/** The time until all other tabs are open again. */
async function timeToReturn(others: readonly SharingTab[], started: number): Promise<number> {
  await expect
    .poll(async () => Math.min(...(await Promise.all(others.map((tab) => tab.openedAt())))), {
      interval: 20,
      timeout: 8_000,
    })
    .toBeGreaterThan(started);
  const openedAt = await Promise.all(others.map((tab) => tab.openedAt()));
  return Math.max(...openedAt) - started;
}

async function expectDeliveries(all: readonly SharingTab[], contents: readonly string[]): Promise<void> {
  const orders = new Set<string>();
  for (const tab of all) {
    await expect
      .poll(async () => (await tab.notes()).seen.length, POLL)
      .toBeGreaterThanOrEqual(contents.length);
    const { seen, problems } = await tab.notes();
    expect([...seen].sort()).toEqual(contents.map((content) => `all ${content}`).sort());
    expect(problems).toEqual([]);
    orders.add(seen.join());
  }
  expect(orders.size).toBe(1);
}

const ENDS: readonly (readonly [
  how: string,
  end: (leader: SharingTab) => Promise<unknown>,
  boundMs: number,
])[] = [
  ["is closed", (leader) => leader.page.close(), 1_000],
  ["crashes", (leader) => leader.crash(), 1_000],
  ["is frozen", (leader) => leader.freeze(), 1_000],
  ["hangs", (leader) => leader.hang(), 2_000],
];

/** On a machine that runs other things, a tab waits for its processor. */
const SLACK_MS = 1_000;

it("ten tabs have one socket and each message once, while leaders are closed, crash, freeze and hang", async () => {
  const all = await open(10);
  for (const tab of all) await expect.poll(() => tab.state(), POLL).toBe("open ada");
  expect(server.sockets).toBe(1);
  const contents = all.map((_, n) => `from ${String(n)}`);
  for (const [n, tab] of all.entries()) await tab.send(contents[n] ?? "");
  await expectDeliveries(all, contents);
  for (const [how, end, boundMs] of ENDS) {
    // The tab that has waited longest is the next leader.
    const leader = all.shift();
    let started = Date.now();
    if (leader) await end(leader);
    // A leader that hangs is noticed by what a visible tab wants of it.
    if (how === "hangs") started = Date.now();
    for (const [n, tab] of all.entries()) {
      contents.push(`after a leader ${how}: ${String(n)}`);
      await tab.send(contents.at(-1) ?? "");
    }
    const tookMs = await timeToReturn(all, started);
    process.stdout.write(`[sharing] the leader ${how}: all tabs are live after ${String(tookMs)} ms\n`);
    expect(tookMs).toBeLessThan(boundMs + SLACK_MS);
    await expectDeliveries(all, contents);
    expect(server.sockets).toBe(1);
  }
});

async function authFor(url: string): Promise<SharingAuth> {
  const auth = betterAuth({
    database: new DatabaseSync(":memory:"),
    baseURL: url,
    secret: "a secret of the tests, which protects nothing",
    emailAndPassword: testPasswords,
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [halyard()],
  });
  await (await getMigrations(auth.options)).runMigrations();
  const handleAuth = toNodeHandler(auth);
  return {
    authenticate: betterAuthAuthenticator(auth),
    handle: (request, response) => {
      if (request.url?.startsWith("/api/auth/") !== true) return false;
      void handleAuth(request, response);
      return true;
    },
  };
}

/** Calls Better Auth from a page, whose browser keeps the cookie. */
async function call(tab: SharingTab, path: string, body: object): Promise<void> {
  const status = await tab.page.evaluate(
    async ([to = "", text = ""]) => {
      const headers = { "content-type": "application/json" };
      return (await fetch(`/api/auth/${to}`, { method: "POST", headers, body: text })).status;
    },
    [path, JSON.stringify(body)],
  );
  expect(status).toBe(200);
}

const account = (name: string): object => ({ name, email: `${name}@app.test`, password: "a long password" });

it("two users of Better Auth in two tabs never share, a tab whose leader is gone follows the cookie, and a sign-out ends all tabs of the session", async () => {
  const ownServer = await SharingServer.start({ authFor });
  try {
    const openTab = () => SharingTab.open(tabs.context, ownServer.url);
    const ada = await openTab();
    await call(ada, "sign-up/email", account("ada"));
    await ada.page.reload();
    const adaToo = await openTab();
    for (const tab of [ada, adaToo]) await expect.poll(() => tab.state(), POLL).toMatch(/^open ./);
    const adaState = await ada.state();
    expect(ownServer.sockets).toBe(1);

    await call(adaToo, "sign-up/email", account("bob"));
    const bob = await openTab();
    await expect.poll(() => bob.state(), POLL).toMatch(/^open ./);
    const bobState = await bob.state();
    expect(bobState).not.toBe(adaState);
    expect(await adaToo.state()).toBe(adaState);
    expect(ownServer.sockets).toBe(2);
    await ownServer.manager.sendToUser(adaState.replace("open ", ""), {
      type: "announcement",
      message: "for ada",
    });

    // The browser has Bob's cookie by now.
    await ada.page.close();
    await expect.poll(() => adaToo.state(), POLL).toBe(bobState);
    await expect.poll(() => ownServer.sockets, POLL).toBe(1);
    await adaToo.send("from bob");
    for (const tab of [adaToo, bob])
      await expect.poll(async () => (await tab.notes()).seen, POLL).toEqual(["all from bob"]);

    await call(bob, "sign-out", {});
    for (const tab of [adaToo, bob]) await expect.poll(() => tab.state(), POLL).toMatch(/^authRequired/);
    expect(ownServer.sockets).toBe(0);
  } finally {
    await closePages();
    await ownServer.stop();
  }
});

it("tabs with tickets of Better Auth share one socket on a page of the server's own origin", async () => {
  const ownServer = await SharingServer.start({ authFor });
  try {
    const openTab = (): Promise<SharingTab> => SharingTab.open(tabs.context, `${ownServer.url}?ticket`);
    const first = await openTab();
    await call(first, "sign-up/email", account("ada"));
    await first.page.reload();
    const second = await openTab();
    for (const tab of [first, second]) await expect.poll(() => tab.state(), POLL).toMatch(/^open ./);
    expect(ownServer.sockets).toBe(1);
  } finally {
    await closePages();
    await ownServer.stop();
  }
});

it("tabs share one socket in Vite's dev server", async () => {
  const ownServer = await SharingServer.start({ isDev: true });
  try {
    await tabs.context.addCookies([{ name: "session", value: "ada", url: ownServer.url }]);
    const [first, second] = [
      await SharingTab.open(tabs.context, ownServer.url),
      await SharingTab.open(tabs.context, ownServer.url),
    ];
    for (const tab of [first, second]) await expect.poll(() => tab.state(), POLL).toBe("open ada");
    expect(ownServer.sockets).toBe(1);
    await second.send("hello");
    for (const tab of [first, second])
      await expect.poll(async () => (await tab.notes()).seen, POLL).toEqual(["all hello"]);
    expect((await first.notes()).problems).toEqual([]);
  } finally {
    await closePages();
    await ownServer.stop();
  }
});
