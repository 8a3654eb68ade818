import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DemoServer } from "./demo-server.ts";

/** The attempts that the demo allows in a minute. */
const MAX_ATTEMPTS = 30;

describe.each(["node", "bun"] as const)("signing in, on %s", (runtime) => {
  let server: DemoServer;
  beforeAll(async () => {
    server = await DemoServer.create({ runtime });
    await server.start();
  });
  afterAll(async () => server.remove());

  async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${server.origin}/api/auth/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: server.origin, ...headers },
      body: JSON.stringify(body),
    });
  }

  it("a sign-in sets a cookie that no script can read and no foreign page can send", async () => {
    const account = { name: "Ada", email: "ada@example.com", password: "correct horse" };
    for (const answer of [
      await post("sign-up/email", account),
      await post("sign-in/email", account),
      await post("sign-in/anonymous?name=Bob", {}),
    ]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^halyard-demo\.session_token=[^;]+; .*Path=\/; HttpOnly; SameSite=Lax$/),
      ]);
      expect(answer.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("one address can sign in 30 times a minute, whatever address its headers claim and even with the right password", async () => {
    const attempts = Array.from({ length: 2 * MAX_ATTEMPTS }, async (_, n) => {
      const address = `203.0.113.${String(n)}`;
      const headers = { "x-forwarded-for": address, "x-real-ip": address, "x-client-address": address };
      const guess = { email: "ada@example.com", password: `guess ${String(n)}` };
      return (await post("sign-in/email", guess, headers)).status;
    });
    const statuses = await Promise.all(attempts);
    // The test above has signed in once.
    expect(statuses.filter((status) => status === 401)).toHaveLength(MAX_ATTEMPTS - 1);
    expect(statuses.filter((status) => status === 429)).toHaveLength(MAX_ATTEMPTS + 1);
    const known = await post("sign-in/email", { email: "ada@example.com", password: "correct horse" });
    expect(known.status).toBe(429);
    expect(known.headers.getSetCookie()).toEqual([]);
    expect(Number(known.headers.get("x-retry-after"))).toBeGreaterThan(0);
  });
});
