// Clients that all come back at once, as after a deploy.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/src/clock/fake-clock.ts";
import { createTestAuth, ORIGIN, STORAGE_MODES, upgrade } from "../../test/test-auth.ts";
import type { TestAuth } from "../../test/test-auth.ts";
import { until } from "../../test/until.ts";
import { betterAuthAuthenticator } from "../authenticator.ts";

const quiet = { warn: () => undefined };

describe.each(STORAGE_MODES)("a herd, with sessions in the %s", (mode) => {
  let test: TestAuth;
  let reads: number;
  let most: number;

  beforeEach(async () => {
    test = await createTestAuth({ mode });
    const { internalAdapter } = await test.auth.$context;
    const { findSession } = internalAdapter;
    let running = 0;
    [reads, most] = [0, 0];
    internalAdapter.findSession = async (token) => {
      reads += 1;
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      return findSession(token).finally(() => (running -= 1));
    };
  });
  afterEach(() => test.close());

  it("of 200 sessions reads at most 32 at a time, and lets each of them in", async () => {
    const { authenticate } = boundAuthenticator();
    const { id } = await test.users.signUp("ada");
    const { internalAdapter } = await test.auth.$context;
    const requests = [];
    for (let number = 0; number < 200; number += 1) {
      const { token } = await internalAdapter.createSession(id);
      requests.push(upgrade({ authorization: `Bearer ${token}` }));
    }
    reads = 0;
    const identities = await Promise.all(requests.map(authenticate));
    expect(new Set(identities.map((identity) => identity?.session.id)).size).toBe(200);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(32);
  });

  it("of 500 pages of one session reads it once, also behind a proxy that numbers its requests", async () => {
    const { authenticate } = boundAuthenticator();
    const { cookie } = await test.users.signUp("ada");
    const request = (number: number) =>
      upgrade({
        cookie,
        origin: ORIGIN,
        "x-request-id": String(number),
        traceparent: `00-${String(number)}-1-00`,
      });
    reads = 0;
    const identities = await Promise.all(
      Array.from({ length: 500 }, (_, number) => authenticate(request(number))),
    );
    expect(reads).toBe(1);
    expect(new Set(identities).size).toBe(500);
  });

  it("of a banned user's 500 pages is rejected with one read", async () => {
    const { authenticate } = boundAuthenticator();
    const { cookie, id } = await test.users.signUp("ada");
    test.database.prepare("update user set banned = 1 where id = ?").run(id);
    reads = 0;
    const pending = Array.from({ length: 500 }, () => authenticate(upgrade({ cookie, origin: ORIGIN })));
    const outcomes = await Promise.allSettled(pending);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: "forbidden" } });
    expect(reads).toBe(1);
  });

  it("that has waited for the store longer than a handshake is told to come back, without a read", async () => {
    const clock = new FakeClock();
    const { authenticate } = boundAuthenticator({ clock });
    const { id } = await test.users.signUp("ada");
    const { internalAdapter } = await test.auth.$context;
    const tokens = [];
    for (let number = 0; number < 40; number += 1)
      tokens.push((await internalAdapter.createSession(id)).token);
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const read = new Set<string>();
    const { findSession } = internalAdapter;
    internalAdapter.findSession = (token) => {
      read.add(token);
      return answered.then(() => findSession(token));
    };
    const pending = tokens.map((token) => authenticate(upgrade({ authorization: `Bearer ${token}` })));
    const settled = Promise.allSettled(pending);
    await until(() => read.size === 32);
    clock.skip(10_001);
    answer();
    const outcomes = await settled;
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(32);
    const rejected = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(rejected).toHaveLength(8);
    for (const { reason } of rejected) expect(reason).toMatchObject({ code: "unavailable" });
    expect(read.size).toBe(32);
  });

  function boundAuthenticator(options: { readonly clock?: FakeClock } = {}) {
    const authenticator = betterAuthAuthenticator(test.auth, { logger: quiet, ...options });
    return { authenticate: authenticator.authenticate.bind(authenticator) };
  }
});
