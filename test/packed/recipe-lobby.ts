// The page of the recipe `react` in Chromium, as its users see it: the story of docs/recipes/react.md.
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { expect } from "vitest";
import { collectPageErrors, launchChromium } from "../support/chromium.ts";
import { POLL } from "../support/wait.ts";
import type { RecipeApp } from "./recipe-app.ts";

class LobbyPage {
  readonly page: Page;
  readonly errors: readonly string[];

  private constructor(page: Page) {
    this.page = page;
    this.errors = collectPageErrors(page);
  }

  static async open(browser: Browser, origin: string): Promise<LobbyPage> {
    const context = await browser.newContext();
    const lobby = new LobbyPage(await context.newPage());
    await lobby.page.goto(origin);
    return lobby;
  }

  async signIn(name: string, button: "Sign in" | "Sign up"): Promise<void> {
    const fields = {
      Name: name,
      Email: `${name.toLowerCase()}@example.com`,
      Password: "correct horse battery",
    };
    for (const [field, value] of Object.entries(fields)) await this.page.getByPlaceholder(field).fill(value);
    await this.click(button);
  }

  async click(button: string): Promise<void> {
    await this.page.getByRole("button", { name: button }).click();
  }

  async says(content: string): Promise<void> {
    await this.page.getByPlaceholder("Message").fill(content);
    await this.page.getByPlaceholder("Message").press("Enter");
  }

  async sees(text: string, options = POLL): Promise<void> {
    await expect.poll(() => this.page.innerText("body"), options).toContain(text);
  }
}

/** Two users sign up, talk and vote; a page is loaded again, the server restarts, and one of them signs out. */
export async function useLobby(app: RecipeApp, origin: string): Promise<void> {
  const browser = await launchChromium();
  try {
    const open = () => LobbyPage.open(browser, origin);
    const [ada, bob] = await Promise.all([open(), open()]);
    await Promise.all([ada.signIn("Ada", "Sign up"), bob.signIn("Bob", "Sign up")]);
    await talk(ada, bob);
    await restart(app, [ada, bob]);
    await signOutAndIn(ada, bob);
    await app.stop();
    // A connection that fails is written to the console by the browser itself.
    const errors = [...ada.errors, ...bob.errors].filter((text) => /\buse[A-Z]|^[A-Z]\w*Error/.test(text));
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
}

async function talk(ada: LobbyPage, bob: LobbyPage): Promise<void> {
  for (const lobby of [ada, bob]) for (const name of ["Ada", "Bob"]) await lobby.sees(name);
  await ada.page.getByPlaceholder("Message").fill("he");
  await bob.sees("Ada is typing.");
  await ada.says("hello");
  await bob.sees("Ada: hello");
  await bob.says("hello, Ada");
  await ada.sees("Bob: hello, Ada");
  await bob.click("tea: 0");
  await ada.click("tea: 1");
  for (const lobby of [ada, bob]) await lobby.sees("tea: 2");
  await bob.page.reload();
  for (const text of ["Ada: hello", "Bob: hello, Ada", "tea: 2"]) await bob.sees(text);
}

async function restart(app: RecipeApp, [ada, bob]: readonly [LobbyPage, LobbyPage]): Promise<void> {
  await app.stop();
  // What the pages are not told: they ask again.
  const database = new DatabaseSync(join(app.directory, "app.db"));
  database.exec("INSERT INTO votes VALUES ('tea'); INSERT INTO lines VALUES ('1', 'Eve', 'meanwhile')");
  database.close();
  await app.start();
  for (const lobby of [ada, bob]) for (const text of ["Eve: meanwhile", "tea: 3"]) await lobby.sees(text);
  await bob.says("back");
  await ada.sees("Bob: back");
}

async function signOutAndIn(ada: LobbyPage, bob: LobbyPage): Promise<void> {
  await ada.click("Sign out");
  await ada.page.getByRole("button", { name: "Sign in" }).waitFor({ timeout: 1_000 });
  await bob.says("alone");
  await ada.signIn("Ada", "Sign in");
  await ada.sees("Bob: alone");
}
