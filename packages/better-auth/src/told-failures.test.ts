import { createWebSocketSystem } from "@halyard/server";
import { createNodeWebSocket } from "@halyard/server/node";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createTestAuth, ORIGIN, upgrade } from "../test/test-auth.ts";
import type { TestAuth } from "../test/test-auth.ts";
import { betterAuthAuthenticator } from "./authenticator.ts";
import { FakeClock } from "../../testing/src/clock/fake-clock.ts";
import { TestNode } from "../test/test-node.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function testAuth(options?: Parameters<typeof createTestAuth>[0]): Promise<TestAuth> {
  const test = await createTestAuth(options);
  ends.push(() => test.close());
  return test;
}

describe("a session store that fails", () => {
  it("is told to the application with its own error, where an upgrade is refused for it", async () => {
    const test = await testAuth();
    const ada = await test.users.signUp("ada");
    const errors: [type: string, error: unknown][] = [];
    const { manager } = createWebSocketSystem({
      authenticate: betterAuthAuthenticator(test.auth),
      logger: false,
      onError: (error, { type }) => errors.push([type, error]),
    });
    const { handleRequest } = createNodeWebSocket({ manager });
    const server = createServer((request, response) => handleRequest(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ends.push(
      () => server.close(),
      () => manager.close(),
    );
    test.closeDatabase();
    const { port } = server.address() as AddressInfo;
    const headers = { cookie: ada.cookie, origin: ORIGIN };
    const { status } = await fetch(`http://127.0.0.1:${String(port)}/ws`, { headers });
    expect(status).toBe(503);
    expect(errors).toMatchObject([["authenticate", { code: "unavailable" }]]);
    expect(String((errors[0]?.[1] as Error).cause)).toBe("APIError: Failed to get session");
  });

  it("is told once a minute, with the error of the store, where open sessions are checked", async () => {
    const test = await testAuth();
    const clock = new FakeClock({ now: Date.now(), random: () => 0.5 });
    const lines: string[] = [];
    const logger = { warn: (_: object, message: string) => lines.push(message) };
    const node = new TestNode(test.auth, { clock, logger });
    ends.push(() => node.watch.stop());
    const [ada, bea] = [await test.users.signUp("ada"), await test.users.signUp("bea")];
    for (const { cookie } of [ada, bea]) await node.open(upgrade({ origin: ORIGIN, cookie }));
    node.isStoreDown = true;
    await node.pass(clock, 61_000);
    await node.pass(clock, 20_000);
    const told =
      "Sessions cannot be checked (Error: down): their connections stay open for 300 s after the last check.";
    expect(lines).toEqual([told]);
    await node.pass(clock, 61_000);
    expect(lines).toEqual([told, told]);
  });
});

describe("a ticket that is refused although it is valid", () => {
  const OTHER_ORIGIN = "https://other.example.com";

  it.each([
    ["a page of another origin", { origin: OTHER_ORIGIN }, `came from ${OTHER_ORIGIN}`],
    ["a client without Origin", {}, "came without Origin"],
  ])("is told once, with both origins, where it comes from %s", async (_, headers, told) => {
    const test = await testAuth({ trustedOrigins: [OTHER_ORIGIN] });
    const lines: string[] = [];
    const logger = { warn: (_fields: object, message: string) => lines.push(message) };
    const authenticator = betterAuthAuthenticator(test.auth, { logger });
    const ada = await test.users.signUp("ada");
    for (let tries = 0; tries < 2; tries += 1) {
      const ticket = await test.users.ticket(ada);
      const request = upgrade({
        "sec-websocket-protocol": `halyard.v1, halyard.ticket.${ticket}`,
        ...headers,
      });
      expect(await authenticator.authenticate(request)).toBeNull();
    }
    expect(lines).toEqual([
      `Refused a ticket that was issued to ${ORIGIN} and ${told}: the page that fetches a ticket has to be the one that connects with it.`,
    ]);
  });
});
