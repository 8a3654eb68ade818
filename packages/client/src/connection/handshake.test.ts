import { HalyardError } from "@halyard/protocol/wire";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeSocket } from "../../test/fake-socket.ts";
import { createWorld } from "../../test/harness.ts";
import type { WebSocketClientOptions } from "../index.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Milliseconds until the client tries again. */
const waitOf = ({ client: { state } }: ReturnType<typeof createWorld>) =>
  state.status === "waiting" ? state.retryAt - Date.now() : undefined;

describe("a handshake that fails", () => {
  const answering = (status: number, retryAfter?: string) =>
    vi.fn(() =>
      Promise.resolve({
        status,
        headers: { get: (name: string) => (name === "retry-after" ? (retryAfter ?? null) : null) },
      }),
    );

  /** Fails the first handshake. */
  async function refuse(options: Partial<WebSocketClientOptions>) {
    const world = createWorld(options);
    await world.tick();
    world.socket.fail();
    world.socket.drop();
    await world.tick();
    return world;
  }

  it.each([
    [401, "unauthenticated"],
    [403, "forbidden"],
  ])("asks once over HTTP, and stops at %i", async (status, reason) => {
    const fetch = answering(status);
    const world = await refuse({ fetch });
    expect(world.client.state).toEqual({ status: "authRequired", reason });
    await world.tick(100_000);
    expect(world.sockets).toHaveLength(1);
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(fetch).toHaveBeenCalledWith(
      expect.stringMatching(/^http:\/\/halyard\.test\/ws\?c=[\w-]{22}&a=1$/),
      {
        credentials: "include",
      },
    );
  });

  it.each([429, 503])("waits as %i and Retry-After say", async (status) => {
    const world = await refuse({ fetch: answering(status, "3") });
    expect(waitOf(world)).toBeGreaterThan(2_900);
    await world.tick(3_000);
    expect(world.sockets).toHaveLength(2);
  });

  it.each([
    ["would be let in", answering(426)],
    ["meets a redirect", answering(0)],
    ["gets 503 without a time", answering(503)],
    ["gets junk for a time", answering(429, "Wed, 21 Oct 2015 07:28:00 GMT")],
    ["meets no network", vi.fn(() => Promise.reject(new TypeError("Failed to fetch")))],
    ["gets an answer that is none", vi.fn(() => Promise.resolve(undefined as never))],
  ])("keeps to its own waits when the question %s", async (_, fetch) => {
    const world = await refuse({ fetch });
    expect(world.client.state.status).toBe("waiting");
    await world.tick(110);
    await world.open();
    expect(world.client.state.status).toBe("open");
  });

  it("waits for the answer 5 s at most", async () => {
    const world = await refuse({ fetch: () => new Promise(() => {}) });
    await world.tick(4_900);
    expect(world.sockets).toHaveLength(1);
    await world.tick(200);
    expect(world.sockets).toHaveLength(2);
  });

  it("asks nothing after an open connection was lost, nor with a socket class of the application's own", async () => {
    const fetch = vi.fn();
    vi.stubGlobal("fetch", fetch);
    const world = await refuse({});
    await world.tick(200);
    await world.open();
    world.socket.drop();
    await world.tick(200);
    expect(fetch).not.toHaveBeenCalled();
  });

  it("reads the status that ws tells", async () => {
    const world = createWorld();
    await world.tick();
    world.socket.fail("Unexpected server response: 401");
    world.socket.drop();
    expect(world.client.state).toEqual({ status: "authRequired", reason: "unauthenticated" });
  });

  it("is a failed attempt when the platform refuses the address", async () => {
    const world = createWorld();
    FakeSocket.refusal = new Error("SecurityError");
    await world.tick(50);
    expect(world.client.state.status).toBe("waiting");
    FakeSocket.refusal = undefined;
    await world.tick(110);
    await world.open();
    expect(world.client.state.status).toBe("open");
  });
});

describe("tickets", () => {
  it("offers a new ticket with every attempt, after halyard.v1", async () => {
    let count = 0;
    const world = createWorld({ ticket: () => Promise.resolve(`t-${String(++count)}`) });
    await world.tick();
    expect(world.socket.protocols).toEqual(["halyard.v1", "halyard.ticket.t-1"]);
    expect(world.socket.url.href).not.toContain("t-1");
    world.socket.drop();
    await world.tick(110);
    expect(world.socket.protocols).toEqual(["halyard.v1", "halyard.ticket.t-2"]);
  });

  it.each([
    [Object.assign(new Error("no"), { status: 401 }), "unauthenticated"],
    [Object.assign(new Error("no"), { status: 403 }), "forbidden"],
    [new HalyardError("unauthenticated"), "unauthenticated"],
  ])("asks for a sign-in when the ticket is refused with %o", async (error, reason) => {
    const world = createWorld({ ticket: () => Promise.reject(error) });
    await world.tick();
    expect(world.client.state).toEqual({ status: "authRequired", reason });
    expect(world.errors).toEqual([]);
  });

  it("tries again when there is no ticket for another reason, and tells onError", async () => {
    const world = createWorld({ ticket: () => Promise.reject(new TypeError("Failed to fetch")) });
    await world.tick();
    expect(world.client.state.status).toBe("waiting");
    expect(world.errors).toEqual([new TypeError("Failed to fetch")]);
  });

  it("does not offer what is no ticket", async () => {
    const world = createWorld({ ticket: () => Promise.resolve("a, b") });
    await world.tick();
    expect(world.sockets).toHaveLength(0);
    expect(world.client.state.status).toBe("waiting");
  });

  it("does not take 401 to a question without the ticket for an answer", async () => {
    const fetch = () => Promise.resolve({ status: 401, headers: { get: () => null } });
    const world = createWorld({ ticket: () => Promise.resolve("t"), fetch });
    await world.tick();
    world.socket.drop();
    await world.tick(110);
    expect(world.sockets).toHaveLength(2);
  });

  it("renews the session in band when it is open", async () => {
    const world = createWorld({ ticket: () => Promise.resolve("t") });
    const socket = await world.open();
    world.client.authenticate();
    await world.tick();
    expect(socket.sent("authenticate")).toEqual([{ type: "authenticate", ticket: "t", $: { id: "r1" } }]);
    socket.receive({ type: "reply", $: { re: "r1" } });
    await world.tick(20_000);
    expect(world.sockets).toHaveLength(1);
    world.client.authenticate();
    await world.tick();
    socket.receive({
      type: "error",
      code: "unauthenticated",
      message: "",
      retryable: false,
      $: { re: "r2" },
    });
    await world.tick();
    expect(world.sockets).toHaveLength(2);
  });
});
