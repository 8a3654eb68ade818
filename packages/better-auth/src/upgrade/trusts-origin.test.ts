// Which pages may read why their upgrade was rejected, and what a page of another site can use up of its visitor's tries.
import { createWebSocketSystem } from "@halyard/server";
import { createBunWebSocket } from "@halyard/server/bun";
import { expect, it, onTestFinished } from "vitest";
import { createTestAuth, ORIGIN, upgrade } from "../../test/test-auth.ts";
import type { TestAuthOptions } from "../../test/test-auth.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";

const OTHER_PAGE = "https://evil.example";
const LISTED = "https://other.example.com";

async function createAuthenticator(options: TestAuthOptions) {
  const test = await createTestAuth(options);
  onTestFinished(() => test.close());
  const { cookie } = await test.users.signUp("ada");
  const logger = { warn: () => undefined };
  return { cookie, authenticator: betterAuthAuthenticator(test.auth, { logger }) };
}

it.each([
  ["a list", [LISTED, "https://*.preview.example.com"]],
  ["a function", () => [LISTED, "https://*.preview.example.com"]],
])("trustsOrigin trusts the pages of trustedOrigins as %s, and no others", async (_what, trustedOrigins) => {
  const { authenticator } = await createAuthenticator({ trustedOrigins });
  const trusts = (origin: string) => authenticator.trustsOrigin?.(origin, upgrade({ origin }));
  for (const origin of [ORIGIN, LISTED, "https://a.preview.example.com"])
    expect(await trusts(origin), origin).toBe(true);
  const others = [
    OTHER_PAGE,
    "null",
    "",
    `${ORIGIN}/`,
    `https://x@app.example.com`,
    `${LISTED}.evil.example`,
  ];
  for (const origin of others) expect(await trusts(origin), origin).toBe(false);
});

it("only the pages that trustsOrigin trusts may read the answer, and the requests of others use up no try of their visitor", async () => {
  const { cookie, authenticator } = await createAuthenticator({ trustedOrigins: () => [LISTED] });
  const limits = { refusedUpgradeBurst: 2, refusedUpgradesPerSecond: 0.01 };
  const { manager } = createWebSocketSystem({ authenticate: authenticator, limits, logger: false });
  onTestFinished(() => manager.close());
  let upgrades = 0;
  const server = {
    port: 1,
    requestIP: () => ({ address: "192.0.2.1" }),
    upgrade: () => ++upgrades > 0,
  };
  const { fetch } = createBunWebSocket({ manager });
  const connect = async (origin: string, isUpgrade: boolean) => {
    const handshake = {
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const headers = { host: "api.example.com", origin, cookie, ...(isUpgrade ? handshake : {}) };
    const answer = await fetch(new Request("https://api.example.com/ws", { headers }), server);
    return [answer?.status, answer?.headers.get("access-control-allow-origin")];
  };
  await connect(LISTED, true);
  expect(upgrades).toBe(1);
  for (let n = 0; n < 2; n++) expect(await connect(OTHER_PAGE, n === 0)).toEqual([403, null]);
  expect(await connect(OTHER_PAGE, true)).toEqual([429, null]);
  expect(await connect(LISTED, false)).toEqual([426, LISTED]);
  await connect(LISTED, true);
  expect(upgrades).toBe(2);
});
