import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeSocket } from "../../test/fake-socket.ts";
import { createHarness } from "../../test/harness.ts";
import type { WebSocketClientOptions } from "../index.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The milliseconds until the next attempt. */
const waitOf = ({ client: { state } }: ReturnType<typeof createHarness>) =>
  state.status === "waiting" ? state.retryAt - Date.now() : undefined;

describe("a handshake that fails", () => {
  /** What a Halyard server answers to the probe. */
  const answering = (status: number, retryAfter: string | null = null) => {
    const headers: Record<string, string | null> = { halyard: "1", "retry-after": retryAfter };
    return vi.fn(() =>
      Promise.resolve({ status, headers: { get: (name: string) => headers[name] ?? null } }),
    );
  };

  /** Fails the first handshake. */
  async function failHandshake(options: Partial<WebSocketClientOptions>) {
    const harness = createHarness(options);
    await harness.tick();
    harness.socket.fail();
    harness.socket.drop();
    await harness.tick();
    return harness;
  }

  it.each([
    [401, "unauthenticated"],
    [403, "forbidden"],
  ])("is probed once over HTTP, and stops the client at %i", async (status, reason) => {
    const fetch = answering(status);
    const harness = await failHandshake({ fetch });
    expect(harness.client.state).toMatchObject({ status: "authRequired", reason });
    await harness.tick(100_000);
    expect(harness.sockets).toHaveLength(1);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(fetch).toHaveBeenCalledWith(
      expect.stringMatching(/^http:\/\/halyard\.test\/ws\?c=[\w-]{22}&a=1$/),
      { credentials: "include", headers: {}, signal: expect.any(AbortSignal) as AbortSignal },
    );
  });

  it.each([429, 503])("makes the client wait as %i and Retry-After say", async (status) => {
    const harness = await failHandshake({ fetch: answering(status, "3") });
    expect(waitOf(harness)).toBeGreaterThan(2_900);
    await harness.tick(3_000);
    expect(harness.sockets).toHaveLength(2);
  });

  it("waits no longer for the time that a proxy names once the page wakes up, and as long as Halyard says", async () => {
    const headers = (isHalyard: boolean) => ({
      get: (name: string) => (name === "retry-after" ? "3600" : isHalyard ? "1" : null),
    });
    for (const isHalyard of [false, true]) {
      const fetch = () => Promise.resolve({ status: 503, headers: headers(isHalyard) });
      const harness = await failHandshake({ fetch });
      expect(waitOf(harness)).toBeGreaterThan(3_500_000);
      await harness.tick(60_000);
      harness.page.fire("online");
      await harness.tick();
      expect(harness.sockets).toHaveLength(isHalyard ? 1 : 2);
    }
  });

  it.each([
    ["would be accepted", answering(426)],
    ["meets a redirect", answering(0)],
    ["gets 503 without a time", answering(503)],
    ["gets a date for a time", answering(429, "Wed, 21 Oct 2015 07:28:00 GMT")],
    ["meets no network", vi.fn(() => Promise.reject(new TypeError("Failed to fetch")))],
    ["gets undefined for a response", vi.fn(() => Promise.resolve(undefined as never))],
  ])("is followed by the client's own backoff when the probe %s", async (_, fetch) => {
    const harness = await failHandshake({ fetch });
    expect(harness.client.state.status).toBe("waiting");
    await harness.tick(110);
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });

  it("waits for the probe 5 s at most", async () => {
    const harness = await failHandshake({ fetch: () => new Promise(() => {}) });
    await harness.tick(4_900);
    expect(harness.sockets).toHaveLength(1);
    await harness.tick(200);
    expect(harness.sockets).toHaveLength(2);
  });

  it.each([401, 503])(
    "ignores a probe that answers %i only after the next attempt has begun",
    async (status) => {
      let answer: () => void = () => {};
      const answered = new Promise<void>((resolve) => (answer = resolve));
      // As where `fetch` knows no time limit, or `ticket` took long.
      const fetch = () => answered.then(answering(status, "3"));
      const harness = await failHandshake({ fetch });
      await harness.tick(5_100);
      await harness.open();
      answer();
      await harness.tick();
      expect(harness.client.state.status).toBe("open");
      expect(harness.socket.readyState).toBe(1);
    },
  );

  it("is not probed with a WebSocket class of the application's, nor is a lost connection", async () => {
    const fetch = vi.fn();
    vi.stubGlobal("fetch", fetch);
    const harness = await failHandshake({});
    await harness.tick(200);
    await harness.open();
    harness.socket.drop();
    await harness.tick(200);
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([401, 403])(
    "waits with back-off when the probe gets %i from something else than Halyard",
    async (status) => {
      const harness = await failHandshake({
        fetch: () => Promise.resolve({ status, headers: { get: () => null } }),
      });
      const message = expect.stringMatching(/allowed origins or a proxy said no/) as string;
      const cause = { kind: "refused", status, message };
      expect(harness.client.state).toMatchObject({ status: "waiting", cause });
      await harness.tick(110);
      expect(harness.sockets).toHaveLength(2);
      expect(harness.client.state).toMatchObject({
        status: "connecting",
        cause: { kind: "refused", status },
      });
    },
  );

  it("counts as a failed attempt when the platform refuses to construct a socket", async () => {
    const harness = createHarness();
    FakeSocket.constructorError = new Error("SecurityError");
    await harness.tick(50);
    expect(harness.client.state).toMatchObject({
      status: "waiting",
      cause: { kind: "option", message: "Error: SecurityError" },
    });
    expect(harness.errors).toEqual([new Error("SecurityError")]);
    FakeSocket.constructorError = undefined;
    await harness.tick(110);
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });
});

describe("a client with tickets", () => {
  it("offers a new ticket with every attempt, after halyard.v1", async () => {
    let count = 0;
    const harness = createHarness({ ticket: () => Promise.resolve(`t-${String(++count)}`) });
    await harness.tick();
    expect(harness.socket.protocols).toEqual(["halyard.v1", "halyard.ticket.t-1"]);
    expect(harness.socket.url.href).not.toContain("t-1");
    harness.socket.drop();
    await harness.tick(110);
    expect(harness.socket.protocols).toEqual(["halyard.v1", "halyard.ticket.t-2"]);
  });

  it.each([
    [Object.assign(new Error("no"), { status: 401 }), "unauthenticated"],
    [Object.assign(new Error("no"), { status: 403 }), "forbidden"],
    [new HalyardError("unauthenticated"), "unauthenticated"],
  ])("stops at authRequired when the ticket is rejected with %o", async (error, reason) => {
    const harness = createHarness({ ticket: () => Promise.reject(error) });
    await harness.tick();
    expect(harness.client.state).toMatchObject({ status: "authRequired", reason });
    expect(harness.errors).toEqual([]);
  });

  it("tries again when the ticket fails for another reason, and reports it to onError", async () => {
    const harness = createHarness({ ticket: () => Promise.reject(new TypeError("Failed to fetch")) });
    await harness.tick();
    expect(harness.client.state.status).toBe("waiting");
    expect(harness.errors).toEqual([new TypeError("Failed to fetch")]);
  });

  it("does not offer a text that cannot be a ticket", async () => {
    const harness = createHarness({ ticket: () => Promise.resolve("a, b") });
    await harness.tick();
    expect(harness.sockets).toHaveLength(0);
    expect(harness.client.state.status).toBe("waiting");
  });

  it("sends a new ticket with the probe, and stops at authRequired when that is refused", async () => {
    let count = 0;
    const get = (name: string) => (name === "halyard" ? "1" : null);
    const fetch = vi.fn(() => Promise.resolve({ status: 401, headers: { get } }));
    const harness = createHarness({ ticket: () => Promise.resolve(`t-${String(++count)}`), fetch });
    await harness.tick();
    harness.socket.drop();
    await harness.tick(110);
    const init = { credentials: "include", headers: { "halyard-ticket": "t-2" } };
    expect(fetch).toHaveBeenCalledWith(expect.anything(), expect.objectContaining(init));
    expect(harness.client.state).toMatchObject({
      status: "authRequired",
      reason: "unauthenticated",
      cause: { kind: "refused", status: 401 },
    });
  });

  it("renews the session on the open connection, and reconnects when that fails", async () => {
    const harness = createHarness({ ticket: () => Promise.resolve("t") });
    const socket = await harness.open();
    harness.client.authenticate();
    await harness.tick();
    expect(socket.sent("authenticate")).toEqual([{ type: "authenticate", ticket: "t", $: { id: "r1" } }]);
    socket.receive({ type: "reply", $: { re: "r1" } });
    await harness.tick(20_000);
    expect(harness.sockets).toHaveLength(1);
    harness.client.authenticate();
    await harness.tick();
    socket.receive({
      type: "error",
      code: "unauthenticated",
      message: "",
      retryable: false,
      $: { re: "r2" },
    });
    await harness.tick();
    expect(harness.sockets).toHaveLength(2);
  });
});
