// How often strangers can make the application's own rule of origins run: it may read a database.
import { createWebSocketSystem } from "@halyard/server";
import { createBunWebSocket } from "@halyard/server/bun";
import { describe, expect, it, onTestFinished } from "vitest";

const PAGE = "https://app.example.com";
const BURST = 5;
const limits = { refusedUpgradesPerSecond: 0.01, refusedUpgradeBurst: BURST, acceptedUpgradeBurst: BURST };
const server = { port: 1, requestIP: () => ({ address: "192.0.2.1" }), upgrade: () => false };

/** A system that counts the calls of its rule of origins. A request with a cookie is signed in. */
function createCounting() {
  const asked: string[] = [];
  const { manager } = createWebSocketSystem({
    authenticate: ({ headers }) => (headers.has("cookie") ? { user: { id: "ada" } } : null),
    allowedOrigins: (origin) => {
      asked.push(origin);
      return origin === PAGE;
    },
    limits: { ...limits, acceptedUpgradesPerSecond: 0.01 },
  });
  onTestFinished(() => manager.close());
  const { fetch } = createBunWebSocket({ manager });
  const ask = async (method: string, headers: Record<string, string>): Promise<Response> => {
    const request = new Request("http://localhost/ws", { method, headers });
    return (await fetch(request, server)) ?? new Response("not of the path");
  };
  const preflight = async (origin: string): Promise<Response> =>
    ask("OPTIONS", { origin, "access-control-request-method": "GET" });
  const get = async (headers: Record<string, string>): Promise<Response> => ask("GET", headers);
  return { asked, preflight, get };
}

describe("the application's rule of origins", () => {
  it("is not asked by the preflights of an address that is above its limit, whatever origins they name", async () => {
    const { asked, preflight } = createCounting();
    const statuses: number[] = [];
    for (let n = 0; n < 100; n++) statuses.push((await preflight(`https://${String(n)}.example`)).status);
    expect(asked).toHaveLength(BURST);
    expect(statuses.filter((status) => status === 429)).toHaveLength(100 - BURST);
  });

  it("is asked once by the preflights of a page that it allows", async () => {
    const { asked, preflight } = createCounting();
    for (let n = 0; n < 100; n++) {
      const { status, headers } = await preflight(PAGE);
      expect([status, headers.get("access-control-allow-origin")]).toEqual([200, PAGE]);
    }
    expect(asked).toEqual([PAGE]);
  });

  it("is not asked by the requests of an address that is above its limit, and a page that it has allowed may read them", async () => {
    const { asked, get } = createCounting();
    for (let n = 0; n < BURST; n++) await get({ origin: PAGE });
    asked.length = 0;
    for (let n = 0; n < 100; n++) {
      const { status, headers } = await get({ origin: PAGE });
      expect([status, headers.get("access-control-allow-origin")]).toEqual([429, PAGE]);
      const other = await get({ origin: "https://other.example" });
      expect([other.status, other.headers.get("access-control-allow-origin")]).toEqual([429, null]);
    }
    expect(asked).toEqual([]);
  });

  it("is not asked by the requests of a user who is above the limit", async () => {
    const { asked, get } = createCounting();
    for (let n = 0; n < BURST + 1; n++) await get({ origin: PAGE, cookie: "session=ada" });
    asked.length = 0;
    for (let n = 0; n < 100; n++) {
      const { status, headers } = await get({ origin: PAGE, cookie: "session=ada" });
      expect([status, headers.get("access-control-allow-origin")]).toEqual([429, PAGE]);
    }
    expect(asked).toEqual([]);
  });
});
