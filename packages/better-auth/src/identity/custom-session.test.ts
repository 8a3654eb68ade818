import { betterAuth } from "better-auth";
import { customSession } from "better-auth/plugins";
import { afterEach, beforeEach, expect, expectTypeOf, it } from "vitest";
import { createTestAuth, ORIGIN, upgrade } from "../../test/test-auth.ts";
import type { Person, TestAuth } from "../../test/test-auth.ts";
import { FakeClock, until } from "../../test/fake-clock.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";
import { halyard } from "../plugin.ts";
import type { WatchedConnection } from "@halyard/server";

let test: TestAuth;
let ada: Person;
let plan: string;

/** The same database, seen through an application that shapes its sessions itself. */
const shaped = () =>
  betterAuth({
    ...test.auth.options,
    baseURL: { allowedHosts: ["app.example.com"] },
    advanced: { ...test.auth.options.advanced, useSecureCookies: true }, // its cookies are named as with https
    plugins: [
      halyard(),
      customSession(async ({ user, session }) => Promise.resolve({ user: { ...user, plan }, session })),
    ],
  });

beforeEach(async () => {
  test = await createTestAuth();
  ada = await test.people.signUp("ada");
  plan = "free";
});
afterEach(() => test.close());

it("arrives in the application's shape: with a cookie, with a ticket, and from look-ups", async () => {
  const clock = new FakeClock(Date.now());
  const door = betterAuthAuthenticator(shaped(), { clock });
  const byCookie = await door.authenticate(upgrade({ origin: ORIGIN, cookie: ada.cookie }));
  expect(byCookie?.user).toMatchObject({ id: ada.id, plan: "free" });
  expectTypeOf(byCookie?.user.plan).toEqualTypeOf<string | undefined>();

  const offer = `halyard.v1, halyard.ticket.${await test.people.ticket(ada)}`;
  const byTicket = await door.authenticate(upgrade({ origin: ORIGIN, "sec-websocket-protocol": offer }));
  expect(byTicket).toEqual(byCookie);
  if (byTicket === null) throw new Error("401");

  const watch = door.watch({ announce: () => undefined });
  let identity = byTicket;
  const connection: WatchedConnection<typeof byTicket> = {
    identity,
    replace: (next) => void (identity = next),
    close: () => undefined,
  };
  watch.opened(connection);
  plan = "paid";
  clock.advance(61_000);
  await until(() => identity.user.plan === "paid");
  watch.stop();
});

it("refuses an origin that is no allowed host of a dynamic baseURL, whatever Host says", async () => {
  const door = betterAuthAuthenticator(shaped(), { logger: { warn: () => undefined } });
  const request = upgrade({ origin: "https://evil.com", host: "evil.com", cookie: ada.cookie });
  await expect(door.authenticate(request)).rejects.toMatchObject({ code: "forbidden" });
});
