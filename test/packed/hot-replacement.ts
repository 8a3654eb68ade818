// What the dev server of Next.js replaces while it runs, seen from a client whose connection stays and, in the long form, from a page
// in Chromium.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { collectPageErrors, launchChromium } from "../support/chromium.ts";
import { IS_LONG } from "../support/long-run.ts";
import { POLL, until } from "../support/wait.ts";
import type { RecipeApp } from "./recipe-app.ts";
import type { RecipeUser } from "./recipe-user.ts";

/** A replaced route publishes to the connections that were open before, and a replaced page goes on in the browser. */
export async function replacesRoutesAndPages(app: RecipeApp, user: RecipeUser): Promise<void> {
  let closes = 0;
  user.client.onStateChange(({ status }) => (closes += status === "open" ? 0 : 1));
  const route = join(app.directory, "app/announcements/route.ts");
  change(route, 'type: "announcement", message', 'type: "announcement", message: `new ${message}`');
  const isReplaced = async () => {
    await user.post("/announcements", { message: "route" });
    return user.heard.includes("new route");
  };
  await until("the route to be replaced", isReplaced, 30_000);
  if (IS_LONG) await replacesPages(app, user);
  expect(closes).toBe(0);
}

/** A file that routes share is replaced, and so is what they make of it. */
export async function replacesSharedFile({ directory }: RecipeApp, user: RecipeUser): Promise<void> {
  const [shared, route] = ["shared-auth.ts", "app/announcements/route.ts"].map((name) =>
    join(directory, name),
  );
  if (shared === undefined || route === undefined) return;
  for (const edit of ["first", "second", "third"]) {
    writeFileSync(shared, `${readFileSync(shared, "utf8")}\nexport const ${edit} = true;\n`);
    change(route, /type: "announcement", message.* }/, `type: "announcement", message: "${edit}" }`);
    const isReplaced = async () => {
      await user.post("/announcements", { message: "route" });
      return user.heard.includes(edit);
    };
    await until("the route to be replaced", isReplaced, 30_000);
  }
}

/** With `share`: the page and a second one have one socket. */
async function replacesPages({ directory, address }: RecipeApp, user: RecipeUser): Promise<void> {
  change(join(directory, "client.ts"), 'url: "/ws"', 'url: "/ws", share: true');
  const sockets: string[] = [];
  const browser = await launchChromium();
  try {
    const context = await browser.newContext();
    const cookies = user.cookie.split("; ").map((cookie) => cookie.split("="));
    await context.addCookies(
      cookies.map(([name = "", ...value]) => ({ name, value: value.join("="), url: address })),
    );
    context.on("page", (opened) =>
      opened.on("websocket", (socket) => {
        if (new URL(socket.url()).pathname === "/ws") sockets.push(socket.url());
      }),
    );
    const page = await context.newPage();
    const pageErrors = collectPageErrors(page);
    await page.goto(address);
    await page.getByRole("button", { name: "Say hello" }).click();
    await expect.poll(() => page.locator("li").allInnerTexts(), POLL).toEqual(["Bob: hello"]);
    await user.hears("Bob: hello");

    // The dev server watches a page's files from some moment after it was loaded.
    let edits = 0;
    const isReplacedToo = async () => {
      const text = `Say ${String(++edits)} times`;
      change(join(directory, "app/page.tsx"), /Say [^<]+/, text);
      return page
        .getByRole("button", { name: text })
        .click({ timeout: 2_000 })
        .then(
          () => true,
          () => false,
        );
    };
    await until("the page to be replaced", isReplacedToo, 30_000);
    await user.says("over");
    // The page is the same one, and its line from before is still there.
    await expect.poll(() => page.locator("li").allInnerTexts(), POLL).toContain("Bob: over");
    const second = await context.newPage();
    await second.goto(address);
    await second.getByRole("button", { name: /^Say/ }).click();
    for (const tab of [page, second])
      await expect.poll(() => tab.locator("li").allInnerTexts(), POLL).toContain("Bob: hello");
    expect(sockets).toHaveLength(1);
    expect(pageErrors).toEqual([]);
  } finally {
    await browser.close();
  }
}

function change(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, "utf8");
  expect(text).toMatch(from);
  writeFileSync(file, text.replace(from, to));
}
