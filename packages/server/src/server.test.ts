import { HalyardError, messageIdOf } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { CLIENT_ID, TestSystem } from "../test/test-system.ts";
import type { UpgradeRejection } from "./handshake/upgrade-rejection.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import type { AcceptedUpgrade } from "./handshake/admission.ts";
import { isRejection } from "./handshake/admission.ts";
import type { IncomingRequest } from "./security/client-address.ts";
import type { Identity } from "./types.ts";

const ada = { user: { id: "ada", name: "Ada", image: null, email: "ada@example.com", role: "admin" } };
const never = new Promise<never>(() => undefined);

function request(change: { url?: string; offers?: string | undefined } = {}): IncomingRequest {
  const headers = new Headers();
  if (change.offers !== undefined) headers.set("sec-websocket-protocol", change.offers);
  return { url: change.url ?? "/ws", headers, remoteAddress: "127.0.0.1" };
}

/** Requests an upgrade and runs everything that follows at once. */
async function requestUpgrade(
  authenticate: AnyAuthenticator = () => ada,
  upgradeRequest = request(),
  system = new TestSystem(),
): Promise<AcceptedUpgrade | UpgradeRejection> {
  const answer = system.internals.upgrades.handleUpgrade(upgradeRequest, authenticate);
  await system.clock.settle();
  return answer;
}

function accepted(answer: AcceptedUpgrade | UpgradeRejection): AcceptedUpgrade {
  if (isRejection(answer)) throw new Error(`rejected with ${String(answer.status)}`);
  return answer;
}

const fail = (error: unknown) => (): never => {
  throw error;
};

describe("an upgrade", () => {
  it("puts the public fields and the e-mail into the data of the socket, and keeps the identity beside them", async () => {
    const { data, details } = accepted(await requestUpgrade());
    expect(data).toEqual({
      userId: "ada",
      name: "Ada",
      image: null,
      email: "ada@example.com",
      connectionId: details.connectionId,
    });
    expect(details).toMatchObject({ identity: ada, isV1: false, attempt: 1 });
    expect(details.client).toEqual({ user: "ada", client: details.connectionId });
  });

  it("calls the attached authenticator in place of the system's, as a function or as an object", async () => {
    const eve: Identity = { user: { id: "eve" } };
    const system = new TestSystem({ authenticate: () => eve });
    const { upgrades } = system.internals;
    expect(accepted(await upgrades.handleUpgrade(request())).data.userId).toBe("eve");
    expect(
      accepted(await upgrades.handleUpgrade(request(), { authenticate: () => Promise.resolve(ada) })).data
        .userId,
    ).toBe("ada");
  });

  it("is rejected with 503 when there is no authenticator", async () => {
    const system = new TestSystem();
    expect(await system.internals.upgrades.handleUpgrade(request())).toMatchObject({ status: 503 });
    expect(system.errors).toMatchObject([{ error: expect.any(TypeError) as TypeError }]);
  });

  it("is rejected without a body, and with cache-control no-store", async () => {
    const answer = await requestUpgrade(() => null);
    expect(answer).toMatchObject({ status: 401 });
    expect(answer).toHaveProperty("headers", {
      halyard: "1",
      "cache-control": "no-store",
      "content-length": "0",
    });
  });
});

describe("the subprotocols of an upgrade", () => {
  it.each([undefined, "halyard.v1", "halyard.v1, halyard.ticket.abc", "other,halyard.v1"])(
    "are accepted when they are %j",
    async (offers) => {
      const { details, data } = accepted(await requestUpgrade(undefined, request({ offers })));
      expect(details.isV1).toBe(offers !== undefined);
      expect("protocol" in data).toBe(offers !== undefined);
    },
  );

  it.each([
    "",
    "graphql-ws",
    "halyard.ticket.abc",
    "halyard.v2",
    "HALYARD.V1",
    "halyard.v1,,",
    "halyard.v1, halyard.v1",
  ])("are rejected with 400 when they are %j", async (offers) => {
    expect(await requestUpgrade(undefined, request({ offers }))).toMatchObject({ status: 400 });
  });

  it("are rejected with 400 when they are more than eight", async () => {
    const offers = (count: number): string =>
      ["halyard.v1", ...Array.from({ length: count - 1 }, (_, n) => `p${String(n)}`)].join(", ");
    expect(await requestUpgrade(undefined, request({ offers: offers(8) }))).toHaveProperty("details");
    expect(await requestUpgrade(undefined, request({ offers: offers(9) }))).toMatchObject({ status: 400 });
  });

  it("are checked before the authenticator is called", async () => {
    const calls: unknown[] = [];
    await requestUpgrade((each) => (calls.push(each), ada), request({ offers: "unknown" }));
    expect(calls).toEqual([]);
  });
});

describe("the URL of a v1 client", () => {
  const clientAt = async (url: string, offers = "halyard.v1"): Promise<unknown[]> => {
    const { details } = accepted(await requestUpgrade(undefined, request({ url, offers })));
    return [
      details.client.client === details.connectionId ? undefined : details.client.client,
      details.attempt,
    ];
  };

  it("names the client id and the attempt", async () => {
    expect(await clientAt(`/ws?c=${CLIENT_ID}&a=7`)).toEqual([CLIENT_ID, 7]);
    expect(await clientAt(`/ws?x=1&a=7&c=${CLIENT_ID}`)).toEqual([CLIENT_ID, 7]);
  });

  it.each([
    "/ws",
    "/ws?",
    `/ws?c=${CLIENT_ID}`,
    `/ws?c=${CLIENT_ID}&a=0`,
    `/ws?c=${CLIENT_ID}&a=1.5`,
    `/ws?c=${CLIENT_ID}&a=x`,
    `/ws?c=${CLIENT_ID}&a=9007199254740993`,
    "/ws?c=short&a=1",
    "/ws?c=%00&a=1",
    "/ws?c=%E0%A4%A&a=1",
    "//evil.example/ws?c=__proto__&a=1",
  ])("names no client when it is %j", async (url) => {
    expect(await clientAt(url)).toEqual([undefined, 1]);
  });
});

describe("an authenticator", () => {
  it.each([
    [401, () => null],
    [401, () => Promise.resolve(null)],
    [401, fail(new HalyardError("unauthenticated"))],
    [403, fail(new HalyardError("forbidden"))],
    [429, fail(new HalyardError("rate_limited"))],
    [503, fail(new HalyardError("unavailable"))],
    [503, fail(new HalyardError("internal"))],
    [503, () => Promise.reject(new Error("the session store is away"))],
    [503, fail(undefined)],
    [503, () => undefined as unknown as null],
    [503, () => ({}) as Identity],
    [503, () => ({ user: null }) as unknown as Identity],
    [503, () => ({ user: { id: "" } })],
    [503, () => ({ user: { id: 7 } }) as unknown as Identity],
  ])("is answered with %i for its result or error, case %#", async (status, authenticate) => {
    expect(await requestUpgrade(authenticate)).toMatchObject({ status });
  });

  it("may return an identity with further fields, which is kept as it is", async () => {
    const identity = { ...ada, status: "active", headers: {} };
    expect(accepted(await requestUpgrade(() => identity)).details.identity).toBe(identity);
  });

  it.each([
    ["rate_limited", 2_100, "3"],
    ["unavailable", 500, "1"],
  ] as const)("sets retry-after by the error %s that it throws", async (code, retryAfterMs, seconds) => {
    const answer = await requestUpgrade(fail(new HalyardError(code, undefined, { retryAfterMs })));
    expect(answer).toMatchObject({ headers: { "retry-after": seconds } });
  });

  it("is reported when it fails, and not when it throws forbidden", async () => {
    const system = new TestSystem();
    await requestUpgrade(fail(new HalyardError("forbidden")), undefined, system);
    expect(system.errors).toEqual([]);
    const error = new Error("the session store is away");
    await requestUpgrade(fail(error), undefined, system);
    expect(system.errors).toMatchObject([{ error, context: { type: "authenticate" } }]);
  });

  it("is given ten seconds, after which the answer is 503", async () => {
    const system = new TestSystem();
    const answer = Promise.resolve(system.internals.upgrades.handleUpgrade(request(), () => never));
    let settled = false;
    void answer.then(() => (settled = true));
    await system.clock.advance(9_999);
    expect(settled).toBe(false);
    await system.clock.advance(1);
    expect(await answer).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  });
});

describe("a user with too many connections", () => {
  it("is rejected with 429 before the upgrade", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 2 });
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await requestUpgrade(undefined, undefined, system));
    expect(answers.map(isRejection)).toEqual([false, false, true]);
    expect(answers[2]).toMatchObject({ status: 429, headers: { "retry-after": "5" } });
  });

  it("has a free slot again when an accepted upgrade is abandoned", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1 });
    system.internals.upgrades.abandon(accepted(await requestUpgrade(undefined, undefined, system)));
    expect(isRejection(await requestUpgrade(undefined, undefined, system))).toBe(false);
  });

  it("is upgraded when the policy is a function, which is called only after the upgrade", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 0, onConnectionLimit: () => "reject" });
    expect(accepted(await requestUpgrade(undefined, undefined, system)).details.admission).toBeUndefined();
  });

  it("is upgraded for an older attempt of a client, which a close code then ends", async () => {
    const system = new TestSystem();
    const at = (attempt: number): IncomingRequest =>
      request({ url: `/ws?c=${CLIENT_ID}&a=${String(attempt)}`, offers: "halyard.v1" });
    await requestUpgrade(undefined, at(2), system);
    const { details } = accepted(await requestUpgrade(undefined, at(1), system));
    expect(details.admission).toEqual({ admitted: false, reason: "superseded" });
  });
});

describe("a plain GET", () => {
  const probe = (
    system: TestSystem,
    authenticate: AnyAuthenticator = () => ada,
    url = "/ws",
  ): Promise<UpgradeRejection> => system.internals.upgrades.probe(request({ url }), authenticate);

  it("is answered like an upgrade, or with 426 where an upgrade would be accepted", async () => {
    const system = new TestSystem();
    expect(await probe(system)).toMatchObject({ status: 426, headers: { upgrade: "websocket" } });
    expect(await probe(system, () => null)).toMatchObject({ status: 401 });
    expect(await probe(system, fail(new HalyardError("forbidden")))).toMatchObject({ status: 403 });
    expect(await probe(system, fail(new Error("away")))).toMatchObject({ status: 503 });
  });

  it("is answered with 429 when the user has no free slot, and reserves none itself", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1 });
    for (let n = 0; n < 3; n++) expect(await probe(system)).toMatchObject({ status: 426 });
    await system.upgrade(ada.user);
    expect(await probe(system)).toMatchObject({ status: 429 });
  });

  it("names its user by a hash where it asks, also while the user has all connections, and nobody else", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1 });
    const question = "/ws?halyard=user&x=1";
    const named = { status: 200, headers: { "halyard-user": messageIdOf(ada.user.id, 0) } };
    expect(await probe(system, undefined, question)).toMatchObject(named);
    await system.upgrade(ada.user);
    expect(await probe(system, undefined, question)).toMatchObject(named);
    for (const answer of [await probe(system, () => null, question), await probe(system)])
      expect(answer.headers).not.toHaveProperty("halyard-user");
  });
});

describe("a draining node", () => {
  it("answers every request with 503 and calls no authenticator", async () => {
    const system = new TestSystem();
    await system.manager.drain();
    const authenticate = fail(new Error("called"));
    const expected = { status: 503, headers: { "retry-after": "1" } };
    expect(await requestUpgrade(authenticate, undefined, system)).toMatchObject(expected);
    expect(await system.internals.upgrades.probe(request(), authenticate)).toMatchObject(expected);
    expect(system.errors).toEqual([]);
  });
});
