import { betterAuth } from "better-auth";
import type { BetterAuthOptions } from "better-auth";
import { customSession } from "better-auth/plugins";
import { afterEach, beforeEach, expect, expectTypeOf, it } from "vitest";
import { createTestAuth, ORIGIN, upgrade } from "../../test/test-auth.ts";
import type { TestUser, TestAuth } from "../../test/test-auth.ts";
import { FakeClock } from "../../../testing/src/clock/fake-clock.ts";
import { until } from "../../test/until.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";
import { halyard } from "../plugin.ts";
import type { WatchedConnection } from "@halyard/server";

let test: TestAuth;
let ada: TestUser;
let plan: string;

/** An application over the same database, which adds a field to each session. */
const customAuth = (advanced: BetterAuthOptions["advanced"] = {}) =>
  betterAuth({
    ...test.auth.options,
    baseURL: { allowedHosts: ["app.example.com"] },
    advanced: { ...test.auth.options.advanced, ...advanced, useSecureCookies: true }, // names its cookies as with https
    plugins: [
      halyard(),
      customSession(async ({ user, session }) => Promise.resolve({ user: { ...user, plan }, session })),
    ],
  });

beforeEach(async () => {
  test = await createTestAuth();
  ada = await test.users.signUp("ada");
  plan = "free";
});
afterEach(() => test.close());

it("reads a custom session from a cookie, a ticket and a check in the shape that the application gives it", async () => {
  const clock = new FakeClock({ now: Date.now(), random: () => 0.5 });
  const authenticator = betterAuthAuthenticator(customAuth(), { clock });
  const byCookie = await authenticator.authenticate(upgrade({ origin: ORIGIN, cookie: ada.cookie }));
  expect(byCookie?.user).toMatchObject({ id: ada.id, plan: "free" });
  expectTypeOf(byCookie?.user.plan).toEqualTypeOf<string | undefined>();

  const offer = `halyard.v1, halyard.ticket.${await test.users.ticket(ada)}`;
  const byTicket = await authenticator.authenticate(
    upgrade({ origin: ORIGIN, "sec-websocket-protocol": offer }),
  );
  expect(byTicket).toEqual(byCookie);
  if (byTicket === null) throw new Error("401");

  const watch = authenticator.watch({ announce: () => undefined, revoke: () => undefined });
  let identity = byTicket;
  const connection: WatchedConnection<typeof byTicket> = {
    identity,
    replace: (next) => void (identity = next),
    close: () => undefined,
  };
  watch.opened(connection);
  plan = "paid";
  clock.skip(61_000);
  await until(() => identity.user.plan === "paid");
  watch.stop();
});

it("reads a custom session again behind a proxy whose X-Forwarded-Host names the host of a dynamic baseURL", async () => {
  const clock = new FakeClock({ now: Date.now(), random: () => 0.5 });
  const auth = customAuth({ trustedProxyHeaders: true });
  const authenticator = betterAuthAuthenticator(auth, { clock, logger: false });
  const headers = {
    host: "10.0.0.7:3000",
    "x-forwarded-host": "app.example.com",
    "x-forwarded-proto": "https",
  };
  const offer = `halyard.v1, halyard.ticket.${await test.users.ticket(ada)}`;
  const byTicket = { origin: ORIGIN, "sec-websocket-protocol": offer };
  expect((await authenticator.authenticate(upgrade({ ...headers, ...byTicket })))?.user.plan).toBe("free");

  const byCookie = { origin: ORIGIN, cookie: ada.cookie };
  const identity = await authenticator.authenticate(upgrade({ ...headers, ...byCookie }));
  if (identity === null) throw new Error("401");
  const plans: string[] = [];
  const watch = authenticator.watch({ announce: () => undefined, revoke: () => undefined });
  watch.opened({ identity, replace: ({ user }) => void plans.push(user.plan), close: () => undefined });
  plan = "paid";
  clock.skip(61_000);
  await until(() => plans.includes("paid"));
  watch.stop();
});

it("follows a custom session with numbers that JSON does not have, as long as it is valid", async () => {
  let credit = 1n;
  const auth = betterAuth({
    ...test.auth.options,
    plugins: [
      customSession(async ({ user, session }) => Promise.resolve({ user: { ...user, credit }, session })),
    ],
  });
  const clock = new FakeClock({ now: Date.now(), random: () => 0.5 });
  const authenticator = betterAuthAuthenticator(auth, { clock });
  const identity = await authenticator.authenticate(upgrade({ origin: ORIGIN, cookie: ada.cookie }));
  if (identity === null) throw new Error("401");
  const credits: bigint[] = [];
  const connection: WatchedConnection<typeof identity> = {
    identity,
    replace: (next) => void credits.push(next.user.credit),
    close: () => undefined,
  };
  const watch = authenticator.watch({ announce: () => undefined, revoke: () => undefined });
  watch.opened(connection);
  credit = 2n;
  clock.skip(61_000);
  await until(() => credits.length > 0);
  expect(credits).toEqual([2n]);
  watch.stop();
});

it("rejects an origin that is not an allowed host of a dynamic baseURL, whatever the Host header says", async () => {
  const authenticator = betterAuthAuthenticator(customAuth(), { logger: { warn: () => undefined } });
  const request = upgrade({ origin: "https://evil.com", host: "evil.com", cookie: ada.cookie });
  await expect(authenticator.authenticate(request)).rejects.toMatchObject({ code: "forbidden" });
});
