// A page of another site that its visitor has open cannot use up what the visitor may do.
import { describe, expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";
import type { TestConfig } from "../../test/test-system.ts";
import type { IncomingRequest } from "../security/client-address.ts";
import type { AnyAuthenticator } from "../session-watch.ts";
import { isRejection } from "./admission.ts";

const HOST = "app.example.com";
const OWN_PAGE = `https://${HOST}`;
const OTHER_PAGE = "https://evil.example";
const COOKIE = { host: HOST, cookie: "session=ada" };
/** More than each limit allows at once. */
const MANY = 40;

const authenticate: AnyAuthenticator = ({ headers }) =>
  headers.get("cookie") === "session=ada" ? { user: { id: "ada" } } : null;

/** As Better Auth's: the rule of origins is its own, and reads a database. */
const checksOrigins = (isTrusted: (origin: string) => boolean): AnyAuthenticator => ({
  checksOrigin: true,
  authenticate: async (request) => {
    await Promise.resolve();
    const isOfImage = request.headers.get("sec-fetch-site") === "cross-site";
    return !isOfImage && isTrusted(request.headers.get("origin") ?? OWN_PAGE) ? authenticate(request) : null;
  },
  trustsOrigin: (origin) => Promise.resolve(isTrusted(origin)),
});

function from(headers: Record<string, string>): IncomingRequest {
  return { url: "/ws", headers: new Headers(headers), remoteAddress: "192.0.2.1" };
}

function createScene(config: TestConfig = {}) {
  const system = new TestSystem({ authenticate, maxConnectionsPerUser: 1_000, ...config });
  const { upgrades } = system.internals;
  const upgrade = async (headers: Record<string, string>): Promise<number> => {
    const answer = await upgrades.handleUpgrade(from(headers));
    return isRejection(answer) ? answer.status : 101;
  };
  const plain = async (method: string, headers: Record<string, string>): Promise<number> =>
    (await upgrades.answerPlain(method, from(headers))).status;
  return { system, upgrade, plain };
}

/** What a page of another site can make the browser of its visitor send, with and without the visitor's cookie. */
const ATTACKS: readonly (readonly [string, (scene: ReturnType<typeof createScene>) => Promise<unknown>])[] = [
  ["WebSockets", ({ upgrade }) => upgrade({ ...COOKIE, origin: OTHER_PAGE })],
  ["WebSockets without the cookie", ({ upgrade }) => upgrade({ host: HOST, origin: OTHER_PAGE })],
  ["images", ({ plain }) => plain("GET", { ...COOKIE, "sec-fetch-site": "cross-site" })],
  ["images without the cookie", ({ plain }) => plain("GET", { host: HOST, "sec-fetch-site": "cross-site" })],
  ["fetches", ({ plain }) => plain("GET", { ...COOKIE, origin: OTHER_PAGE })],
  ["forms", ({ plain }) => plain("POST", { ...COOKIE, origin: OTHER_PAGE })],
  [
    "preflights",
    ({ plain }) =>
      plain("OPTIONS", { host: HOST, origin: OTHER_PAGE, "access-control-request-method": "GET" }),
  ],
];

const isOwn = (origin: string): boolean => origin === OWN_PAGE;
const RULES: readonly (readonly [string, TestConfig])[] = [
  ["the server's own origin", {}],
  ["a list", { allowedOrigins: [OWN_PAGE] }],
  ["a function that has allowed the page", { allowedOrigins: isOwn }],
  ["an authenticator that has let the page in", { authenticate: checksOrigins(isOwn) }],
];

describe.each(RULES)("where the allowed pages are those of %s", (_rule, config) => {
  it.each(ATTACKS)(
    "the %s of a page of another site use up no try of their visitor's address",
    async (_what, attack) => {
      const scene = createScene(config);
      expect(await scene.upgrade({ ...COOKIE, origin: OWN_PAGE })).toBe(101);
      for (let n = 0; n < MANY; n++) await attack(scene);
      expect(await scene.upgrade({ ...COOKIE, origin: OWN_PAGE })).toBe(101);
      expect(await scene.upgrade({ authorization: "Bearer ada" })).toBe(401);
    },
  );
});

describe("the requests of pages of other sites", () => {
  it.each(ATTACKS)("are limited all the same: %s", async (_what, attack) => {
    const scene = createScene();
    for (let n = 0; n < MANY; n++) await attack(scene);
    expect(await attack(scene)).toBe(429);
  });

  it.each(RULES)(
    "do not keep a user limited who was once above the limit, where the rule is %s",
    async (_rule, config) => {
      const { system, upgrade, plain } = createScene(config);
      const ownGet = () => plain("GET", { ...COOKIE, "sec-fetch-site": "same-origin" });
      // A GET of the own page has no Origin, and neither has that of an image in another page.
      for (let n = 0; n < MANY; n++) await ownGet();
      expect(await ownGet()).toBe(429);
      for (let second = 0; second < 20; second++) {
        await system.clock.advance(1_000);
        for (let n = 0; n < 6; n++) await plain("GET", { ...COOKIE, "sec-fetch-site": "cross-site" });
      }
      expect(await ownGet()).toBe(426);
      expect(await upgrade({ ...COOKIE, origin: OWN_PAGE })).toBe(101);
    },
  );
});
