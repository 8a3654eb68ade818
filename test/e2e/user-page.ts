// One tab of the demo and its user: what the user does, and what the page shows.
// The e2e tests get it from `Scenario`.
// Methods that begin with `is`, `sees` and `connectionIs` wait until the page shows it, and fail after 20 s.
import { isDeepStrictEqual } from "node:util";
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { collectPageErrors } from "../support/chromium.ts";
import { POLL } from "../support/wait.ts";

/** One message on the screen. */
export interface ShownMessage {
  readonly id: string;
  readonly text: string;
  readonly status: string;
}

export class UserPage {
  readonly page: Page;
  readonly pageErrors: string[];
  #otherTab: Page | undefined;

  constructor(page: Page) {
    this.page = page;
    this.pageErrors = collectPageErrors(page);
    page.setDefaultTimeout(POLL.timeout);
  }

  /** What the user sees: the rooms that were left stay in the document, hidden. */
  at(testId: string): Locator {
    return this.page.getByTestId(testId).filter({ visible: true });
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

  async signInAsGuest(name: string): Promise<void> {
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

  /** Brings another tab of the window to the front, which hides this one. */
  async hide(): Promise<void> {
    this.#otherTab ??= await this.page.context().newPage();
    await this.#otherTab.bringToFront();
    const visibility = () => this.page.evaluate(() => document.visibilityState);
    await expect.poll(visibility, POLL).toBe("hidden");
  }

  async show(): Promise<void> {
    await this.page.bringToFront();
  }

  async goTo(room: string): Promise<void> {
    await this.at(`room-${room}`).click();
    await this.isIn(room);
  }

  async isIn(room: string): Promise<void> {
    await expect.poll(() => this.at("room-title").innerText(), POLL).toBe(room);
  }

  /** Writes a message and sends it with Enter. */
  async send(text: string): Promise<void> {
    await this.at("composer").fill(text);
    await this.at("composer").press("Enter");
  }

  /** The messages on the screen, from top to bottom. */
  async messages(): Promise<ShownMessage[]> {
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

  /** Waits until this page and another one show the same messages at one moment, each delivered. */
  async showsTheSameAs(other: UserPage): Promise<void> {
    const both = async () => {
      const [here, there] = await Promise.all([this.messages(), other.messages()]);
      const isDelivered = here.every(({ status }) => status === "delivered");
      return isDelivered && isDeepStrictEqual(here, there) ? "the same" : { here, there };
    };
    await expect.poll(both, POLL).toBe("the same");
  }

  /** Waits until the newest messages are exactly these, each delivered. */
  async sees(...texts: readonly string[]): Promise<void> {
    const expected = texts.map((text) => ({ text, status: "delivered" }));
    const newest = async () =>
      (await this.messages()).slice(-texts.length).map(({ text, status }) => ({ text, status }));
    await expect.poll(newest, POLL).toEqual(expected);
  }

  /** The names in the list of online users. */
  async userNames(): Promise<string[]> {
    return this.page.locator("[data-testid=person] .person-name").allInnerTexts();
  }

  /** Records every change of the list of online users from now on. */
  async watchUserNames(): Promise<() => Promise<string[]>> {
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
      Object.assign(globalThis, { userNamesLog: log });
    });
    return () => this.page.evaluate(() => (globalThis as unknown as { userNamesLog: string[] }).userNamesLog);
  }

  async #fillAccount(email: string): Promise<void> {
    await this.page.getByLabel("E-mail").fill(email);
    await this.page.getByLabel("Password").fill("correct horse battery");
  }
}
