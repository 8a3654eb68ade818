import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Response } from "playwright-core";
import type { UserPage } from "./user-page.ts";
import { chatAt, Scenario } from "./scenario.ts";

const PASSWORD = "correct horse battery";

describe("the secrets of the demo", () => {
  let scenario: Scenario;
  let ada: UserPage;
  let bob: UserPage;
  beforeAll(async () => {
    scenario = await Scenario.open();
    ada = await scenario.account("Ada King");
    bob = await scenario.account("Bob");
  });
  afterAll(async () => scenario.close());

  it("a page loads, receives, stores and shows no secret but the token and address of its own user", async () => {
    bob = await scenario.visitor({}, "about:blank");
    const received = listen(bob);
    await bob.page.goto(chatAt(scenario.server.origin));
    await bob.signIn("bob@example.com");
    await ada.send("to everyone");
    await bob.sees("to everyone");
    const stored = await bob.page.evaluate(() => [
      document.cookie,
      JSON.stringify(Object.fromEntries(Object.entries(localStorage).sort())),
      sessionStorage.length,
      location.href,
    ]);
    // How the form was left, and that there is a session, so that the next visit begins in the chat.
    const kept = JSON.stringify({ "halyard-demo-sign-in": "sign-in", "halyard-demo-signed-in": "1" });
    expect(stored).toEqual(["", kept, 0, chatAt(scenario.server.origin)]);
    const seen = [...(await received()), await bob.page.content()];
    expect(seen.join("\n")).toContain("to everyone");
    const words = [...secretsOf(scenario), ...(await cookiesOf(ada)), ...(await cookiesOf(bob)), PASSWORD];
    const leaked = words.filter((word) => seen.some((text) => text.includes(word)));
    // The user's own token and address. Finding them shows that the others would be found.
    expect(leaked).toEqual([await tokenOf(bob), "bob@example.com"]);
  });

  it("the session token that Better Auth gives to its owner's page works neither as a cookie nor as a ticket", async () => {
    const { origin } = scenario.server;
    const token = await tokenOf(bob);
    const probeUpgrade = async (headers: Record<string, string>) =>
      (await fetch(`${origin}/ws`, { headers: { origin, ...headers } })).status;
    const [cookie = ""] = await cookiesOf(bob);
    expect(await probeUpgrade({ cookie: `halyard-demo.session_token=${cookie}` })).toBe(426);
    expect(await probeUpgrade({ cookie: `halyard-demo.session_token=${token}` })).toBe(401);
    expect(await probeUpgrade({ authorization: `Bearer ${token}` })).toBe(401);
    expect(await ticketIsAccepted(token)).toBe(false);
  });

  it("the log names rejected upgrades and contains no secret", async () => {
    const { origin } = scenario.server;
    const [cookie = ""] = await cookiesOf(bob);
    const secrets = secretsOf(scenario);
    const sent = { cookie: `halyard-demo.session_token=${cookie}`, "user-agent": "a word and {another}" };
    await fetch(`${origin}/ws`, { headers: { ...sent, origin: "http://evil.example" } });
    await fetch(`${origin}/ws?token=${encodeURIComponent(cookie)}`, { headers: { origin } });
    await fetch(`${origin}/api/auth/sign-in/email`, {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: JSON.stringify({ email: "bob@example.com", password: `${PASSWORD}?` }),
    });
    await bob.page.getByRole("button", { name: "Sign out" }).click();
    await bob.at("sign-in-form").waitFor();
    const { log } = scenario.server;
    expect(log).toMatch(/"kind":"upgrade_refused","reason":"forbidden","code":403/);
    expect(log).toMatch(/"kind":"upgrade_refused","reason":"unauthenticated","code":401/);
    const words = [...secrets, ...(await cookiesOf(ada)), cookie, PASSWORD, "another"];
    expect(words.filter((word) => log.includes(word))).toEqual([]);
  });

  /** Whether a socket with this ticket opens in a page without a cookie. */
  async function ticketIsAccepted(ticket: string): Promise<boolean> {
    const anonymous = await scenario.visitor();
    return anonymous.page.evaluate(async (offer) => {
      const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`, ["halyard.v1", offer]);
      return new Promise<boolean>((resolve) => {
        socket.onopen = () => resolve(true);
        socket.onclose = () => resolve(false);
      });
    }, `halyard.ticket.${ticket}`);
  }
});

/**
 * Collects the text of a page's HTTP responses, and of its sockets in both directions, from now until the returned
 * function is called: the browser gives no body of a response that a later navigation overtakes.
 */
function listen({ page }: UserPage): () => Promise<string[]> {
  const bodies: Promise<string>[] = [];
  const frames: string[] = [];
  const collect = (response: Response): void => {
    const body = response.text();
    body.catch(() => undefined); // Its error is thrown by the returned function.
    bodies.push(body);
  };
  page.on("response", collect);
  page.on("websocket", (socket) => {
    frames.push(socket.url());
    socket.on("framereceived", ({ payload }) => frames.push(payload.toString()));
    socket.on("framesent", ({ payload }) => frames.push(payload.toString()));
  });
  return async () => {
    page.off("response", collect);
    return [...(await Promise.all(bodies)), ...frames];
  };
}

/** Every secret of the server: those in its database, and the key that it signs with. */
function secretsOf({ server }: Scenario): string[] {
  const database = new DatabaseSync(server.database, { readOnly: true });
  const column = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .flatMap((row) => Object.values(row).map(String));
  const secrets = [
    ...column(`SELECT "token" FROM "session"`),
    ...column(`SELECT "email" FROM "user"`),
    ...column(`SELECT "password" FROM "account" WHERE "password" IS NOT NULL`),
    readFileSync(join(dirname(server.database), "secret"), "utf8"),
  ];
  database.close();
  // Two addresses, two passwords, three sessions and the server's own secret: each search has a target.
  expect(secrets).toHaveLength(8);
  return secrets;
}

async function tokenOf({ page }: UserPage): Promise<string> {
  return page.evaluate(async () => {
    const answer = await fetch("/api/auth/get-session");
    return ((await answer.json()) as { readonly session: { readonly token: string } }).session.token;
  });
}

async function cookiesOf({ page }: UserPage): Promise<string[]> {
  return (await page.context().cookies()).map(({ value }) => value);
}
