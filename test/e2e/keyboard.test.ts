import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

interface Focus {
  readonly name: string;
  readonly isVisible: boolean;
}

describe("the demo by keyboard", () => {
  let scenario: Scenario;
  let ada: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    ada = await scenario.visitor();
  });
  afterEach(() => {
    scenario.expectNoErrors();
  });
  afterAll(async () => scenario.close());

  /** The element with the focus, and whether the focus is visible. */
  async function focus(): Promise<Focus> {
    return ada.page.evaluate(() => {
      const element = document.activeElement ?? document.body;
      const { outlineStyle, boxShadow } = getComputedStyle(element);
      const field = element.closest(".composer");
      const label = element instanceof HTMLInputElement ? element.labels?.[0] : undefined;
      // A radio's ring is drawn around its label's text, the composer's around the whole of it.
      const ring = getComputedStyle(field ?? element.nextElementSibling ?? element);
      const marks = [outlineStyle, ring.outlineStyle, boxShadow, ring.boxShadow];
      return {
        name:
          element.getAttribute("aria-label") ?? label?.innerText ?? element.textContent.trim().slice(0, 40),
        isVisible: marks.some((mark) => mark !== "none"),
      };
    });
  }

  async function tabTo(name: string | RegExp, key = "Tab"): Promise<void> {
    const passed: string[] = [];
    for (let presses = 0; presses < 30; presses++) {
      const current = await focus();
      if (typeof name === "string" ? current.name === name : name.test(current.name)) {
        // A ring may fade in.
        await expect.poll(async () => (await focus()).isVisible, POLL).toBe(true);
        return;
      }
      passed.push(current.name);
      await ada.page.keyboard.press(key);
    }
    throw new Error(`${key} never came to ${String(name)}, but to ${passed.join(" | ")}`);
  }

  it("a guest signs in by keyboard", async () => {
    await ada.at("sign-in-form").waitFor();
    await tabTo("Your name");
    await ada.page.keyboard.type("Ada Lovelace");
    await ada.page.keyboard.press("Enter");
    await ada.isOnline();
    expect(await ada.at("my-name").innerText()).toBe("Ada Lovelace");
  });

  it("the composer has the focus, takes several lines and sends with Enter", async () => {
    await expect.poll(async () => (await focus()).name, POLL).toBe("Message #general");
    await ada.page.keyboard.type("two");
    await ada.page.keyboard.press("Shift+Enter");
    await ada.page.keyboard.type("lines");
    await ada.page.keyboard.press("Enter");
    await ada.sees("two\nlines");
    expect((await focus()).name).toBe("Message #general");
  });

  it("another room is opened by keyboard, and its composer gets the focus", async () => {
    await tabTo(/^random/, "Shift+Tab");
    await ada.page.keyboard.press("Enter");
    await ada.isIn("random");
    await expect.poll(async () => (await focus()).name, POLL).toBe("Message #random");
    await ada.page.keyboard.type("hello, random");
    await ada.page.keyboard.press("Enter");
    await ada.sees("hello, random");
  });

  it("a room is created by keyboard in a dialog that keeps the focus and returns it", async () => {
    await tabTo("New room", "Shift+Tab");
    await ada.page.keyboard.press("Enter");
    await expect.poll(async () => (await focus()).name, POLL).toBe("Name");
    await ada.page.keyboard.press("Escape");
    await expect.poll(() => ada.page.getByRole("dialog").count(), POLL).toBe(0);
    expect((await focus()).name).toBe("New room");
    await ada.page.keyboard.press("Enter");
    await expect.poll(async () => (await focus()).name, POLL).toBe("Name");
    await ada.page.keyboard.type("!");
    await ada.page.keyboard.press("Enter");
    await expect
      .poll(() => ada.page.getByRole("alert").allInnerTexts(), POLL)
      .toContain("Use at most 32 letters from a to z, digits and hyphens.");
    await ada.page.keyboard.press("Backspace");
    await ada.page.keyboard.type("galley");
    await ada.page.keyboard.press("Enter");
    await ada.isIn("galley");
    await expect.poll(async () => (await focus()).name, POLL).toBe("Message #galley");
  });

  it("[demo 12] a connection that is cut and renewed by keyboard is announced and keeps the focus", async () => {
    await tabTo("Cut the connection", "Shift+Tab");
    await ada.page.keyboard.press("Enter");
    await ada.connectionIs("waiting");
    expect((await focus()).name).toBe("Cut the connection");
    expect(await ada.at("connection").getByRole("status").innerText()).toBe("Reconnecting");
    await tabTo("Reconnect now", "Shift+Tab");
    await ada.page.keyboard.press("Enter");
    await ada.isOnline();
    expect((await focus()).name).toBe("Reconnect now");
  });
});
