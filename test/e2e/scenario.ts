import type { Browser, BrowserContextOptions } from "playwright-core";
import { expect } from "vitest";
import { launchChromium } from "../support/chromium.ts";
import type { Tabs } from "../support/chromium.ts";
import { DemoServer } from "./demo-server.ts";
import type { DemoServerOptions } from "./demo-server.ts";
import { Person } from "./user-page.ts";

/** The demo's server, a browser, and the people of a test. */
export class Stage {
  readonly server: DemoServer;
  readonly #browser: Browser;
  readonly #people = new Set<Person>();

  private constructor(server: DemoServer, browser: Browser) {
    this.server = server;
    this.#browser = browser;
  }

  static async open(options: DemoServerOptions = {}): Promise<Stage> {
    const [server, browser] = await Promise.all([DemoServer.create(options), launchChromium()]);
    await server.start();
    return new Stage(server, browser);
  }

  /** Somebody with a browser profile of their own, at the demo's door. */
  async visitor(options: BrowserContextOptions = {}, url = this.server.origin): Promise<Person> {
    const viewport = { width: 1280, height: 800 };
    const context = await this.#browser.newContext({ viewport, ...options });
    return this.#seat(new Person(await context.newPage()), url);
  }

  /** Somebody in a window whose tabs hide one another. */
  async visitorIn({ context }: Tabs, url = this.server.origin): Promise<Person> {
    return this.#seat(new Person(await context.newPage()), url);
  }

  async account(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.visitor(options);
    await person.signUp(name, `${name.toLowerCase().replaceAll(" ", ".")}@example.com`);
    return person;
  }

  async guest(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    const person = await this.visitor(options);
    await person.enterAsGuest(name);
    return person;
  }

  /** One more tab of somebody who is signed in. */
  async anotherTab(person: Person): Promise<Person> {
    const tab = await this.#seat(new Person(await person.page.context().newPage()), this.server.origin);
    await tab.isOnline();
    return tab;
  }

  /**
   * Nothing has gone wrong that nobody asked about: no warning, error or violation of the content security policy in
   * any tab but what `forgiven` names, and not a word on the server's standard error.
   */
  expectNoComplaints(forgiven?: RegExp): void {
    const complaints = [...this.#people].flatMap((person) => person.complaints.splice(0));
    expect(complaints.filter((complaint) => forgiven?.test(complaint) !== true)).toEqual([]);
    expect(this.server.errors).toBe("");
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.server.remove();
  }

  async #seat(person: Person, url: string): Promise<Person> {
    this.#people.add(person);
    await person.page.goto(url);
    return person;
  }
}
