import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { POLL } from "../support/wait.ts";
import type { UserPage } from "./user-page.ts";
import { Scenario } from "./scenario.ts";

describe("the safety of the demo", () => {
  let scenario: Scenario;
  let admin: UserPage;
  let member: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    admin = await scenario.account("Ada");
    member = await scenario.account("Bob");
  });
  afterEach(() => {
    scenario.expectNoErrors();
  });
  afterAll(async () => scenario.close());

  it("only an admin can announce, and every user sees the announcement", async () => {
    expect(await member.page.getByRole("button", { name: "Announce" }).count()).toBe(0);
    await admin.page.getByRole("button", { name: "Announce" }).click();
    await admin.page.getByLabel("Announcement", { exact: true }).fill("Lunch is <b>ready</b>");
    await admin.page.getByRole("dialog").getByRole("button", { name: "Announce" }).click();
    for (const user of [admin, member])
      expect(await user.at("announcement").innerText()).toBe("Announcement Lunch is <b>ready</b>");
    await member.page.getByRole("button", { name: "Dismiss the announcement" }).click();
    expect(await member.at("announcement").count()).toBe(0);
    expect(await admin.at("announcement").count()).toBe(1);
  });

  it("the server forbids an announcement that a member's page sends on its own socket", async () => {
    const answer = await member.page.evaluate(async () => {
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
      const input = { message: "I am the captain now" };
      socket.onopen = () => {
        socket.send(JSON.stringify({ type: "request", name: "announce", input, $: { id: "r1" } }));
      };
      const frame = await new Promise<string>((resolve) => {
        socket.onmessage = ({ data }) => {
          if (String(data).includes('"re":"r1"')) resolve(String(data));
        };
      });
      socket.close(1000);
      return JSON.parse(frame) as unknown;
    });
    expect(answer).toMatchObject({ type: "error", code: "forbidden" });
    expect(await admin.at("announcement").allInnerTexts()).toEqual(["Announcement Lunch is <b>ready</b>"]);
  });

  it("markup stays text in messages, in names and in the live region", async () => {
    const text = `<img src="/x" onerror="document.title='owned'"><script>document.title='owned'</script>&amp;`;
    const mallory = await scenario.guest("<i>Mallory</i>");
    await mallory.send(text);
    await member.sees(text);
    await expect.poll(() => member.at("live-region").textContent(), POLL).toContain(text);
    const markup =
      "[data-testid=messages] :is(img, script, i), [data-testid=person] i, [data-testid=live-region] *";
    expect(await member.page.locator(markup).count()).toBe(0);
    expect(await member.userNames()).toContain("<i>Mallory</i>");
    expect(await member.page.title()).toBe("#general · Halyard");
    await mallory.page.context().close();
  });

  it("[demo 11] addresses become links that carry nothing but their own text, and code is shown as it was written", async () => {
    const link = "https://example.com/?a=1&b=2";
    await admin.send(`${link}"onmouseover="x and javascript:alert(1), \`<b>code</b>\``);
    await member.page.getByRole("link", { name: link, exact: true }).waitFor();
    const attributes = await member.page
      .locator(".content a")
      .evaluateAll((links) =>
        links.map((each) => Object.fromEntries([...each.attributes].map(({ name, value }) => [name, value]))),
      );
    expect(attributes).toEqual([{ href: link, target: "_blank", rel: "noopener noreferrer nofollow" }]);
    expect(await member.page.locator(".content code").allInnerTexts()).toEqual(["<b>code</b>"]);
    expect(await member.page.locator(".content b").count()).toBe(0);
    const directions = await member.page
      .locator(".content, .author, [data-testid=composer]")
      .evaluateAll((items) => new Set(items.map((item) => item.getAttribute("dir"))).size);
    expect(directions).toBe(1);
  });

  it("the content security policy keeps the page from running an injected script", async () => {
    const answer = await fetch(scenario.server.origin);
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain("unsafe");
    const intruder = await scenario.visitor();
    await intruder.page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'owned'";
      document.body.append(script);
    });
    expect(await intruder.page.title()).toBe("Halyard");
    // The only violation of the run: every test asserts that there is no other.
    await expect.poll(() => intruder.pageErrors.splice(0).join(), POLL).toMatch(/Content Security Policy/);
  });

  it("a page of another origin gets neither a session nor a socket", async () => {
    const headers = { origin: "http://evil.example", "content-type": "application/json" };
    const signIn = await fetch(`${scenario.server.origin}/api/auth/sign-in/anonymous`, {
      method: "POST",
      headers,
      body: "{}",
    });
    expect(signIn.status).toBe(403);
    expect(signIn.headers.get("set-cookie")).toBeNull();
    const cookies = await member.page.context().cookies();
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    expect((await fetch(`${scenario.server.origin}/ws`, { headers: { ...headers, cookie } })).status).toBe(
      403,
    );
    const own = { origin: scenario.server.origin, cookie };
    expect((await fetch(`${scenario.server.origin}/ws`, { headers: own })).status).toBe(426);
  });
});
