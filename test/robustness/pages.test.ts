// Pages in Chromium: whose cookie opens a connection, and what a page learns of a refusal.
// `other.app.test` and `app.test` are one site, so that the browser sends the cookie of one with the sockets of the other.
import { createServer } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundle } from "../support/bundle.ts";
import { launchChromium, runModule } from "../support/chromium.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { onEachRuntime } from "../support/test-app.ts";
import type { TestApp } from "../support/test-app.ts";
import { project } from "../support/typescript.ts";

const OTHER = "http://other.app.test";

interface Outcome {
  readonly status: string;
  readonly reason?: string;
  readonly cause?: { readonly kind: string; readonly status?: number; readonly message: string };
}

declare function connect(url: string, ticket: string | undefined): Promise<Outcome>;

const SCRIPT = `
  import { createWebSocketClient } from "@halyard/client";
  const isSettled = ({ status, attempt }) => status === "open" || status === "authRequired" || attempt > 3;
  globalThis.connect = (url, ticket) =>
    new Promise((resolve) => {
      const client = createWebSocketClient({ url, ...(ticket && { ticket: async () => ticket }), onError: () => undefined });
      client.onStateChange((state) => {
        if (!isSettled(state)) return;
        resolve(JSON.parse(JSON.stringify(state)));
        client.close();
      });
    });`;

let browser: Browser;
let script = "";
let portOfPages = 0;
const pages = createServer((_request, response) => response.setHeader("content-type", "text/html").end());

beforeAll(async () => {
  portOfPages = await listenOnLoopback(pages);
  const rules = `MAP other.app.test:80 127.0.0.1:${String(portOfPages)}, MAP app.test 127.0.0.1`;
  const directory = project("pages-of-others", { "page.ts": SCRIPT });
  [browser, script] = await Promise.all([
    launchChromium(`--host-resolver-rules=${rules}`),
    bundle(directory, "page.ts"),
  ]);
});

afterAll(async () => {
  await browser.close();
  pages.close();
});

/** What comes of a connection that a page of `from` opens to the server's address under the name `host`. */
async function connectFrom(
  from: string,
  { app, host, user, ticket }: { app: TestApp; host: string; user?: string; ticket?: string },
): Promise<Outcome> {
  const context = await browser.newContext();
  try {
    if (user !== undefined)
      await context.addCookies([{ name: "session", value: user, domain: host, path: "/", sameSite: "Lax" }]);
    const page = await context.newPage();
    await page.goto(from);
    await runModule(page, script);
    const url = `ws://${host}:${String(app.port)}/ws`;
    return await page.evaluate(([to, secret]) => connect(to ?? "", secret), [url, ticket]);
  } finally {
    await context.close();
  }
}

async function logged(app: TestApp, event: string): Promise<string[]> {
  return ((await app.command("log")) as string[]).filter((line) => line.includes(event));
}

onEachRuntime("a page in Chromium", { allowedOrigins: null }, (app) => {
  it("of another origin does not get in with its visitor's cookie, is told to look at its origin, and is logged once [s-S1]", async () => {
    for (let n = 0; n < 2; n++) {
      const outcome = await connectFrom(OTHER, { app, host: "app.test", user: app.user() });
      expect(outcome).toMatchObject({ status: "waiting", cause: { kind: "unreachable" } });
      expect(outcome.cause?.message).toContain("trusts this page's origin");
    }
    const lines = await logged(app, "origin_refused");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(`allowedOrigins: ["${OTHER}"]`);
  });

  it("of the server's own origin gets in with its visitor's cookie [s-S1]", async () => {
    const own = `http://app.test:${String(app.port)}`;
    expect(await connectFrom(own, { app, host: "app.test", user: app.user() })).toMatchObject({
      status: "open",
    });
  });

  it("at another port of this machine gets in, with one warning that names allowedOrigins [s-S1]", async () => {
    for (const host of ["localhost", "127.0.0.1"]) {
      const page = `http://${host}:${String(portOfPages)}`;
      expect(await connectFrom(page, { app, host, user: app.user() })).toMatchObject({ status: "open" });
    }
    const lines = await logged(app, "origin_of_loopback");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("allowedOrigins");
  });
});

onEachRuntime("a page in Chromium whose origin is allowed", { allowedOrigins: [OTHER] }, (app) => {
  it("gets in with its visitor's cookie [s-S1]", async () => {
    const outcome = await connectFrom(OTHER, { app, host: "app.test", user: app.user() });
    expect(outcome).toMatchObject({ status: "open" });
  });

  it.each([
    ["a ticket", "refused"],
    ["no cookie", undefined],
  ])("is told that it has to sign in when it is refused with %s [s-M5]", async (_what, ticket) => {
    const secret = ticket === undefined ? {} : { ticket };
    expect(await connectFrom(OTHER, { app, host: "app.test", ...secret })).toMatchObject({
      status: "authRequired",
      reason: "unauthenticated",
      cause: { kind: "refused", status: 401 },
    });
  });
});
