import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { complaintsOf } from "../support/chromium.ts";

/** How long a person waits for what must happen; only a failure uses it up. */
export const PATIENCE = { timeout: 20_000, interval: 25 };

export interface Seen {
  readonly id: string;
  readonly text: string;
  readonly status: string;
}

/** Somebody in front of one tab: what they do, and what they see. */
export class Person {
  readonly page: Page;
  readonly complaints: string[];
  #otherTab: Page | undefined;

  constructor(page: Page) {
    this.page = page;
    this.complaints = complaintsOf(page);
    page.setDefaultTimeout(PATIENCE.timeout);
  }

  at(testId: string): Locator {
    return this.page.getByTestId(testId);
  }

  async signUp(name: string, email: string): Promise<void> {
    await this.at("mode-sign-up").click();
    await this.page.getByLabel("Your name").fill(name);
    await this.#fillAccount(email);
    await this.page.getByRole("button", { name: "Create account" }).click();
    await this.isOnline();
  }

  async signIn(email: string): Promise<void> {
    await this.trySignIn(email);
    await this.isOnline();
  }

  async trySignIn(email: string): Promise<void> {
    await this.at("mode-sign-in").click();
    await this.#fillAccount(email);
    await this.page.getByRole("button", { name: "Sign in" }).click();
  }

  async enterAsGuest(name: string): Promise<void> {
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByRole("button", { name: "Continue as guest" }).click();
    await this.isOnline();
  }

  async isOnline(): Promise<void> {
    await this.connectionIs("open");
    await this.at("composer").waitFor();
  }

  async connectionIs(status: "open" | "waiting"): Promise<void> {
    await this.page.locator(`[data-testid=connection][data-status=${status}]`).waitFor();
  }

  /** Looks at another tab of the window: this one is hidden from now on. */
  async looksAway(): Promise<void> {
    this.#otherTab ??= await this.page.context().newPage();
    await this.#otherTab.bringToFront();
    const visibility = () => this.page.evaluate(() => document.visibilityState);
    await expect.poll(visibility, PATIENCE).toBe("hidden");
  }

  async looksBack(): Promise<void> {
    await this.page.bringToFront();
  }

  async goTo(room: string): Promise<void> {
    await this.at(`room-${room}`).click();
    await this.isIn(room);
  }

  async isIn(room: string): Promise<void> {
    await expect.poll(() => this.at("room-title").innerText(), PATIENCE).toBe(room);
  }

  /** Writes a message and sends it with Enter. */
  async say(text: string): Promise<void> {
    await this.at("composer").fill(text);
    await this.at("composer").press("Enter");
  }

  /** The messages on the screen, from top to bottom. */
  async messages(): Promise<Seen[]> {
    return this.at("message").evaluateAll((items) =>
      items.map((item) => ({
        id: item.getAttribute("data-id") ?? "",
        status: item.getAttribute("data-status") ?? "",
        text: item.querySelector("p")?.textContent ?? "",
      })),
    );
  }

  async texts(): Promise<string[]> {
    return (await this.messages()).map(({ text }) => text);
  }

  /** Waits until exactly these are the newest messages, each there once and, where it is one's own, sent. */
  async sees(...texts: readonly string[]): Promise<void> {
    const expected = texts.map((text) => ({ text, status: "delivered" }));
    const look = async () =>
      (await this.messages()).slice(-texts.length).map(({ text, status }) => ({ text, status }));
    await expect.poll(look, PATIENCE).toEqual(expected);
  }

  /** The names of who is online. */
  async people(): Promise<string[]> {
    return this.page.locator("[data-testid=person] .person-name").allInnerTexts();
  }

  /** Notes every change of the list of people from now on. */
  async watchPeople(): Promise<() => Promise<string[]>> {
    await this.page.evaluate(() => {
      const list = document.querySelector(".people");
      const log: string[] = [];
      const note = () => {
        const names = [...document.querySelectorAll("[data-testid=person] .person-name")];
        const text = names.map((name) => name.textContent).join(", ");
        if (log.at(-1) !== text) log.push(text);
      };
      note();
      if (list) new MutationObserver(note).observe(list, { childList: true, subtree: true });
      Object.assign(globalThis, { peopleLog: log });
    });
    return () => this.page.evaluate(() => (globalThis as unknown as { peopleLog: string[] }).peopleLog);
  }

  async #fillAccount(email: string): Promise<void> {
    await this.page.getByLabel("E-mail").fill(email);
    await this.page.getByLabel("Password").fill("correct horse battery");
  }
}
