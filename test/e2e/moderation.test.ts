import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

/** The browser's own report of a 403 that a test causes. */
const FORBIDDEN = /^Failed to load resource: .* status of 403/;

describe("moderation by an admin", () => {
  let scenario: Scenario;
  let ada: UserPage;
  let bob: UserPage;
  let eve: UserPage;
  let forged = 0;
  beforeAll(async () => {
    scenario = await Scenario.open();
    ada = await scenario.account("Ada");
    bob = await scenario.account("Bob");
    eve = await scenario.account("Eve");
  });
  afterEach(() => {
    scenario.expectNoErrors(FORBIDDEN);
  });
  afterAll(async () => scenario.close());

  it("only an admin has a menu of actions beside every other user", async () => {
    await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Bob", "Eve"]);
    const menus = /^Actions for/;
    const labels = await ada.page
      .getByRole("button", { name: menus })
      .evaluateAll((buttons) => buttons.map((button) => button.ariaLabel));
    expect(labels).toEqual(["Actions for Bob", "Actions for Eve"]);
    expect(await eve.page.getByRole("button", { name: menus }).count()).toBe(0);
  });

  it("a user who is kicked by keyboard loses all connections, sees a notice and can come back", async () => {
    const second = await scenario.anotherTab(bob);
    await openMenu("Bob", "Enter");
    await focusIs(ada, "Kick");
    await ada.page.keyboard.press("ArrowDown");
    await focusIs(ada, "Ban…");
    await ada.page.keyboard.press("ArrowDown");
    await focusIs(ada, "Kick");
    await ada.page.keyboard.press("Escape");
    await focusIs(ada, "Actions for Bob");
    await ada.page.keyboard.press("Enter");
    await focusIs(ada, "Kick");
    await ada.page.keyboard.press("Enter");
    for (const tab of [bob, second]) {
      expect(await tab.at("kicked").innerText()).toContain("An admin has closed your connection.");
      expect(await tab.at("connection").innerText()).toContain("Disconnected");
    }
    await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Eve"]);
    expect(await ada.at("toasts").innerText()).toContain("Bob was disconnected");
    await focusIs(bob, "Reconnect");
    await bob.page.keyboard.press("Enter");
    await bob.isOnline();
    await focusIs(bob, "Message #general");
    await bob.send("back again");
    await eve.sees("back again");
    await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Bob", "Eve"]);
    expect(await second.at("kicked").count()).toBe(1);
    await second.page.close();
  });

  it("a ban that is not confirmed has no effect", async () => {
    const opened = countSockets(bob);
    await choose("Bob", "Ban…");
    await focusIs(ada, "Cancel");
    await ada.page.keyboard.press("Escape");
    await expect.poll(() => ada.page.getByRole("dialog").count(), POLL).toBe(0);
    await focusIs(ada, "Actions for Bob");
    await bob.send("still aboard");
    await ada.sees("still aboard");
    expect(opened()).toBe(0);
  });

  it("a banned user is signed out in all tabs and cannot sign in until the ban is lifted", async () => {
    const second = await scenario.anotherTab(bob);
    const cookie = await cookieOf(bob);
    expect(await probeUpgrade(cookie)).toBe(426);
    await choose("Bob", "Ban…");
    await ada.page.getByRole("dialog").getByRole("button", { name: "Ban", exact: true }).click();
    for (const tab of [bob, second]) {
      await tab.at("sign-in-form").waitFor();
      expect(await tab.page.getByRole("status").allInnerTexts()).toContain(
        "An admin has banned you. You are signed out, and this account cannot sign in again.",
      );
    }
    await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Eve"]);
    await expect.poll(() => bannedOf(ada), POLL).toEqual(["Bob"]);
    expect(await probeUpgrade(cookie)).toBe(401);

    await bob.page.reload();
    await bob.trySignIn("bob@example.com");
    await expect
      .poll(() => bob.at("form-problem").innerText(), POLL)
      .toBe("An admin has banned this account.");
    expect(await bob.page.context().cookies()).toEqual([]);

    await ada.page.getByRole("button", { name: "Unban Bob" }).click();
    await expect.poll(() => bannedOf(ada), POLL).toEqual([]);
    await second.signIn("bob@example.com");
    await second.send("and here again");
    await ada.sees("and here again");
    await expect.poll(() => ada.userNames(), POLL).toEqual(["Ada", "Bob", "Eve"]);
    await bob.page.reload();
    await bob.isOnline();
    await second.page.close();
  });

  it("moderation requests that a member forges are forbidden and have no effect", async () => {
    await keepSocket(eve);
    const opened = [bob, ada].map(countSockets);
    for (const target of [bob, ada]) {
      const { id: userId } = await userOf(target);
      expect(await forge("kick", { userId })).toMatchObject({ type: "error", code: "forbidden" });
      expect(await post(eve, "ban-user", { userId })).toBe(403);
      expect(await post(eve, "remove-user", { userId })).toBe(403);
    }
    expect(await forge("announce", { message: "I am the captain now" })).toMatchObject({ code: "forbidden" });
    const { id: userId } = await userOf(eve);
    expect(await post(eve, "set-role", { userId, role: "admin" })).toBe(403);
    await eve.send("they are all still here");
    for (const user of [bob, ada]) {
      await user.sees("they are all still here");
      expect(await user.at("kicked").count()).toBe(0);
      expect(await user.at("announcement").count()).toBe(0);
    }
    expect(opened.map((count) => count())).toEqual([0, 0]);
  });

  it("an admin cannot ban the admin's own account", async () => {
    const opened = countSockets(ada);
    const { id: userId } = await userOf(ada);
    expect(await post(ada, "ban-user", { userId })).toBe(400);
    await ada.send("I stay");
    await bob.sees("I stay");
    expect(opened()).toBe(0);
    expect(await userOf(ada)).toMatchObject({ role: "admin", banned: false });
  });

  async function openMenu(name: string, key: string): Promise<void> {
    await ada.page.getByRole("button", { name: `Actions for ${name}` }).focus();
    await ada.page.keyboard.press(key);
  }

  async function choose(name: string, item: string): Promise<void> {
    await ada.page.getByRole("button", { name: `Actions for ${name}` }).click();
    await ada.page.getByRole("menuitem", { name: item }).click();
  }

  /** The status of a plain GET on the WebSocket path: 426 when an upgrade would be accepted. */
  async function probeUpgrade(cookie: string): Promise<number> {
    const { origin } = scenario.server;
    return (await fetch(`${origin}/ws`, { headers: { origin, cookie } })).status;
  }

  async function post(user: UserPage, path: string, data: object): Promise<number> {
    const { origin } = scenario.server;
    const url = `${origin}/api/auth/admin/${path}`;
    return (await user.page.context().request.post(url, { headers: { origin }, data })).status();
  }

  async function userOf(user: UserPage): Promise<{ readonly id: string }> {
    const answer = await user.page.context().request.get(`${scenario.server.origin}/api/auth/get-session`);
    return ((await answer.json()) as { readonly user: { readonly id: string } }).user;
  }

  /** Sends a request over the connection that Eve's page has made for itself. */
  async function forge(name: string, input: object): Promise<unknown> {
    const id = `forged-${String(++forged)}`;
    return eve.page.evaluate(
      async ([frame, mark]) => {
        const { socket } = globalThis as unknown as { socket: WebSocket };
        const answered = new Promise<string>((resolve) => {
          socket.addEventListener("message", ({ data }) => {
            if (String(data).includes(mark)) resolve(String(data));
          });
        });
        socket.send(frame);
        return JSON.parse(await answered) as unknown;
      },
      [JSON.stringify({ type: "request", name, input, $: { id } }), `"re":"${id}"`] as const,
    );
  }
});

/** Reloads the page, and keeps its socket in a global variable. */
async function keepSocket(user: UserPage): Promise<void> {
  await user.page.addInitScript(() => {
    const Native = WebSocket;
    globalThis.WebSocket = class extends Native {
      constructor(...parameters: ConstructorParameters<typeof WebSocket>) {
        super(...parameters);
        Object.assign(globalThis, { socket: this });
      }
    };
  });
  await user.page.reload();
  await user.isOnline();
}

/** Counts the sockets that a page opens from now on. */
function countSockets({ page }: UserPage): () => number {
  let count = 0;
  page.on("websocket", () => count++);
  return () => count;
}

async function cookieOf({ page }: UserPage): Promise<string> {
  return (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
}

async function bannedOf({ page }: UserPage): Promise<string[]> {
  return page.locator("[data-testid=banned] .person-name").allInnerTexts();
}

async function focusIs({ page }: UserPage, name: string): Promise<void> {
  const focused = () =>
    page.evaluate(() => {
      const { ariaLabel, textContent } = document.activeElement ?? document.body;
      return ariaLabel ?? textContent.trim();
    });
  await expect.poll(focused, POLL).toBe(name);
}
