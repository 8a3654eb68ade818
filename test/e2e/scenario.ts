// The demo's server, a browser, and the pages of one e2e test.
// Each e2e file opens one in `beforeAll` and closes it in `afterAll`.
// `close` ends the browser and the server's process, and removes its database.
import type { Browser, BrowserContextOptions } from "playwright-core";
import { expect } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import type { Tabs } from "../support/chromium.ts";
import { DemoServer } from "./demo-server.ts";
import type { DemoServerOptions } from "./demo-server.ts";
import { UserPage } from "./user-page.ts";

/** What Chromium itself reports while the server is down, and when the client asks why a socket did not open. */
export const SERVER_DOWN =
  /net::ERR_(CONNECTION_|EMPTY_RESPONSE|SOCKET_)|WebSocket connection to .* failed|status of 426/;

/** The address of the chat, which shows the sign-in form to a visitor. The address without a room is that of the front page. */
export function chatAt(origin: string): string {
  return `${origin}/#general`;
}

export class Scenario {
  readonly server: DemoServer;
  readonly #browser: Browser;
  readonly #pages = new Set<UserPage>();

  private constructor(server: DemoServer, browser: Browser) {
    this.server = server;
    this.#browser = browser;
  }

  static async open(options: DemoServerOptions = {}): Promise<Scenario> {
    const [server, browser] = await Promise.all([DemoServer.create(options), launchChromium()]);
    await server.start();
    return new Scenario(server, browser);
  }

  /** A page with a browser profile of its own, at the sign-in form. */
  async visitor(options: BrowserContextOptions = {}, url = chatAt(this.server.origin)): Promise<UserPage> {
    const viewport = { width: 1280, height: 800 };
    const context = await this.#browser.newContext({ viewport, ...options });
    return this.#open(new UserPage(await context.newPage()), url);
  }

  /** A page in a window whose tabs hide each other. */
  async visitorIn({ context }: Tabs, url = chatAt(this.server.origin)): Promise<UserPage> {
    return this.#open(new UserPage(await context.newPage()), url);
  }

  /** A page of a new account. */
  async account(name: string, options: BrowserContextOptions = {}): Promise<UserPage> {
    const user = await this.visitor(options);
    await user.signUp(name, `${name.toLowerCase().replaceAll(" ", ".")}@example.com`);
    return user;
  }

  /** A page of a guest. */
  async guest(name: string, options: BrowserContextOptions = {}): Promise<UserPage> {
    const user = await this.visitor(options);
    await user.signInAsGuest(name);
    return user;
  }

  /** Another tab of a signed-in user. */
  async anotherTab(user: UserPage): Promise<UserPage> {
    const tab = await this.#open(new UserPage(await user.page.context().newPage()), this.server.origin);
    await tab.isOnline();
    return tab;
  }

  /**
   * Expects no warning, error or violation of the content security policy in any tab but what `expected` matches, and an
   * empty standard error of the server.
   */
  expectNoErrors(expected?: RegExp): void {
    const pageErrors = [...this.#pages].flatMap((user) => user.pageErrors.splice(0));
    expect(pageErrors.filter((pageError) => expected?.test(pageError) !== true)).toEqual([]);
    expect(this.server.errors).toBe("");
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.server.remove();
  }

  async #open(user: UserPage, url: string): Promise<UserPage> {
    this.#pages.add(user);
    await user.page.goto(url);
    return user;
  }
}
