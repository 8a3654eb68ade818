import { HalyardError } from "@halyard/protocol/wire";
import { describe, expect, it } from "vitest";
import { CLIENT_ID, TestSystem } from "../test/test-system.ts";
import type { UpgradeRejection } from "./handshake/upgrade-rejection.ts";
import type { AnyAuthenticator } from "./session-watch.ts";
import type { AcceptedUpgrade } from "./handshake/admission.ts";
import { isRejection } from "./handshake/admission.ts";
import type { Identity, UpgradeRequest } from "./types.ts";

const ada = { user: { id: "ada", name: "Ada", image: null, email: "ada@example.com", role: "admin" } };
const never = new Promise<never>(() => undefined);

function request(change: { url?: string; offers?: string | undefined } = {}): UpgradeRequest {
  const headers = new Headers();
  if (change.offers !== undefined) headers.set("sec-websocket-protocol", change.offers);
  return { url: change.url ?? "/ws", headers, remoteAddress: "127.0.0.1" };
}

/** Asks for an upgrade and lets as much time pass as a handshake may take. */
async function ask(
  authenticate: AnyAuthenticator = () => ada,
  asked = request(),
  system = new TestSystem(),
): Promise<AcceptedUpgrade | UpgradeRejection> {
  const answer = system.internals.upgrades.handleUpgrade(asked, authenticate);
  await system.clock.settle();
  return answer;
}

function welcomed(answer: AcceptedUpgrade | UpgradeRejection): AcceptedUpgrade {
  if (isRejection(answer)) throw new Error(`refused with ${String(answer.status)}`);
  return answer;
}

const fail = (error: unknown) => (): never => {
  throw error;
};

describe("an upgrade", () => {
  it("gives the socket the public fields and the mail, and keeps the identity beside it", async () => {
    const { data, details } = welcomed(await ask());
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

  it("asks an authenticator of either form, the attached one first", async () => {
    const eve: Identity = { user: { id: "eve" } };
    const system = new TestSystem({ authenticate: () => eve });
    const { upgrades } = system.internals;
    expect(welcomed(await upgrades.handleUpgrade(request())).data.userId).toBe("eve");
    expect(
      welcomed(await upgrades.handleUpgrade(request(), { authenticate: () => Promise.resolve(ada) })).data
        .userId,
    ).toBe("ada");
  });

  it("believes nobody when nobody can be asked", async () => {
    const system = new TestSystem();
    expect(await system.internals.upgrades.handleUpgrade(request())).toMatchObject({ status: 503 });
    expect(system.errors).toMatchObject([{ error: expect.any(TypeError) as TypeError }]);
  });

  it("has a body nowhere, and is stored nowhere", async () => {
    const answer = await ask(() => null);
    expect(answer).toMatchObject({ status: 401 });
    expect(answer).toHaveProperty("headers", { "cache-control": "no-store", "content-length": "0" });
  });
});

describe("the offers of an upgrade", () => {
  it.each([undefined, "halyard.v1", "halyard.v1, halyard.ticket.abc", "other,halyard.v1"])(
    "may be %j",
    async (offers) => {
      const { details, data } = welcomed(await ask(undefined, request({ offers })));
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
  ])("are refused with 400 when they are %j", async (offers) => {
    expect(await ask(undefined, request({ offers }))).toMatchObject({ status: 400 });
  });

  it("are at most eight", async () => {
    const offers = (count: number): string =>
      ["halyard.v1", ...Array.from({ length: count - 1 }, (_, n) => `p${String(n)}`)].join(", ");
    expect(await ask(undefined, request({ offers: offers(8) }))).toHaveProperty("details");
    expect(await ask(undefined, request({ offers: offers(9) }))).toMatchObject({ status: 400 });
  });

  it("are looked at before anybody is asked", async () => {
    const asked: unknown[] = [];
    await ask((each) => (asked.push(each), ada), request({ offers: "unknown" }));
    expect(asked).toEqual([]);
  });
});

describe("the address of a v1 client", () => {
  const clientAt = async (url: string, offers = "halyard.v1"): Promise<unknown[]> => {
    const { details } = welcomed(await ask(undefined, request({ url, offers })));
    return [
      details.client.client === details.connectionId ? undefined : details.client.client,
      details.attempt,
    ];
  };

  it("says which client it is, and which attempt", async () => {
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
  ])("says nothing of it when it is %j", async (url) => {
    expect(await clientAt(url)).toEqual([undefined, 1]);
  });
});

describe("who authenticates", () => {
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
  ])("is understood as %i", async (status, authenticate) => {
    expect(await ask(authenticate)).toMatchObject({ status });
  });

  it("may give an identity with any further fields", async () => {
    const identity = { ...ada, status: "active", headers: {} };
    expect(welcomed(await ask(() => identity)).details.identity).toBe(identity);
  });

  it.each([
    ["rate_limited", 2_100, "3"],
    ["unavailable", 500, "1"],
  ] as const)("says with %s how long to wait", async (code, retryAfterMs, seconds) => {
    const answer = await ask(fail(new HalyardError(code, undefined, { retryAfterMs })));
    expect(answer).toMatchObject({ headers: { "retry-after": seconds } });
  });

  it("is reported when it fails, and not when it says no", async () => {
    const system = new TestSystem();
    await ask(fail(new HalyardError("forbidden")), undefined, system);
    expect(system.errors).toEqual([]);
    const error = new Error("the session store is away");
    await ask(fail(error), undefined, system);
    expect(system.errors).toMatchObject([{ error, context: { type: "authenticate" } }]);
  });

  it("has ten seconds: then the answer is 503", async () => {
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
  it("is refused with 429 before the upgrade", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 2 });
    const answers = [];
    for (let n = 0; n < 3; n++) answers.push(await ask(undefined, undefined, system));
    expect(answers.map(isRejection)).toEqual([false, false, true]);
    expect(answers[2]).toMatchObject({ status: 429, headers: { "retry-after": "5" } });
  });

  it("has a place again when a handshake is given up", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1 });
    system.internals.upgrades.abandon(welcomed(await ask(undefined, undefined, system)));
    expect(isRejection(await ask(undefined, undefined, system))).toBe(false);
  });

  it("is let in where the application decides, which can be heard only after the upgrade", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 0, onConnectionLimit: () => "reject" });
    expect(welcomed(await ask(undefined, undefined, system)).details.admission).toBeUndefined();
  });

  it("is let in with an older attempt of a client, which only a close code can tell", async () => {
    const system = new TestSystem();
    const at = (attempt: number): UpgradeRequest =>
      request({ url: `/ws?c=${CLIENT_ID}&a=${String(attempt)}`, offers: "halyard.v1" });
    await ask(undefined, at(2), system);
    const { details } = welcomed(await ask(undefined, at(1), system));
    expect(details.admission).toEqual({ admitted: false, reason: "superseded" });
  });
});

describe("a plain GET", () => {
  const probe = (system: TestSystem, authenticate: AnyAuthenticator = () => ada): Promise<UpgradeRejection> =>
    system.internals.upgrades.probe(request(), authenticate);

  it("is told what an upgrade would be told, or 426", async () => {
    const system = new TestSystem();
    expect(await probe(system)).toMatchObject({ status: 426, headers: { upgrade: "websocket" } });
    expect(await probe(system, () => null)).toMatchObject({ status: 401 });
    expect(await probe(system, fail(new HalyardError("forbidden")))).toMatchObject({ status: 403 });
    expect(await probe(system, fail(new Error("away")))).toMatchObject({ status: 503 });
  });

  it("is told 429 when the user has no place left, and takes none", async () => {
    const system = new TestSystem({ maxConnectionsPerUser: 1 });
    for (let n = 0; n < 3; n++) expect(await probe(system)).toMatchObject({ status: 426 });
    await system.upgrade(ada.user);
    expect(await probe(system)).toMatchObject({ status: 429 });
  });
});

describe("a node that drains", () => {
  it("answers 503 to everyone, and asks nobody who they are", async () => {
    const system = new TestSystem();
    await system.manager.drain();
    const asked = fail(new Error("asked"));
    const told = { status: 503, headers: { "retry-after": "1" } };
    expect(await ask(asked, undefined, system)).toMatchObject(told);
    expect(await system.internals.upgrades.probe(request(), asked)).toMatchObject(told);
    expect(system.errors).toEqual([]);
  });
});
