import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const statuses = (world: ReturnType<typeof createWorld>) => world.states.map(({ status }) => status);

describe("connecting", () => {
  it("offers halyard.v1 and tells client id and attempt in the URL, then says hello", async () => {
    const world = createWorld({ contract: "2026-11" });
    await world.tick();
    const { url, protocols } = world.socket;
    expect(protocols).toEqual(["halyard.v1"]);
    expect(url.searchParams.get("a")).toBe("1");
    expect(url.searchParams.get("c")).toMatch(/^[\w-]{22}$/);
    world.socket.accept();
    expect(world.socket.sent()).toEqual([
      {
        type: "hello",
        clientId: url.searchParams.get("c"),
        attempt: 1,
        contract: "2026-11",
        positions: [],
        rooms: [],
        $: { id: "h" },
      },
    ]);
    expect(world.client.state).toEqual({ status: "connecting", attempt: 1 });
    world.socket.receive(welcome());
    expect(world.client.state).toMatchObject({ status: "open", user: { userId: "ada" } });
    expect(world.client.user).toMatchObject({ name: "Ada" });
  });

  it("keeps quiet with autoConnect false until connect()", async () => {
    const world = createWorld({ autoConnect: false });
    await world.tick(60_000);
    expect(world.sockets).toHaveLength(0);
    expect(world.client.state).toEqual({ status: "closed", code: 1000, reason: "" });
    world.client.connect();
    await world.open();
    expect(world.client.state.status).toBe("open");
  });

  it("turns http into ws and asks a url function anew for every attempt", async () => {
    const url = vi.fn(() => Promise.resolve("https://halyard.test/ws?x=1#y"));
    const world = createWorld({ url });
    await world.tick();
    expect(world.socket.url.href).toMatch(/^wss:\/\/halyard\.test\/ws\?x=1&c=[\w-]+&a=1$/);
    world.socket.drop();
    await world.tick(600);
    expect(url).toHaveBeenCalledTimes(2);
    expect(world.socket.url.searchParams.get("a")).toBe("2");
  });

  it("says what is missing where there is no WebSocket", () => {
    vi.stubGlobal("WebSocket", undefined);
    expect(() => createWorld({ WebSocket: undefined })).toThrow("No WebSocket here");
    vi.unstubAllGlobals();
  });

  it("ends at once for a relative URL where there is no page", async () => {
    const world = createWorld({ url: "/ws" });
    await world.tick(60_000);
    expect(world.client.state).toMatchObject({ status: "closed", reason: "invalid URL" });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("takes close() before the first socket, and connect() after it", async () => {
    const world = createWorld();
    world.client.close();
    await world.tick(1_000);
    expect(world.sockets).toHaveLength(0);
    world.client.connect();
    world.client.close();
    world.client.connect();
    await world.tick(1_000);
    expect(world.sockets).toHaveLength(1);
    await world.open();
    expect(world.client.state.status).toBe("open");
  });

  it("opens one socket for connect, close and connect in a row, as StrictMode does it", async () => {
    const world = createWorld({ autoConnect: false });
    world.client.connect();
    await world.tick();
    world.client.close();
    world.client.connect();
    await world.tick();
    expect(world.sockets).toHaveLength(2);
    expect(world.sockets[0]?.closed?.code).toBe(1000);
    world.sockets[0]?.accept();
    world.sockets[0]?.receive(welcome({ user: { userId: "eve" } }));
    expect(world.client.state.status).toBe("connecting");
    world.socket.accept();
    world.socket.receive(welcome());
    expect(world.client.user?.userId).toBe("ada");
  });

  it("gives up an attempt that is not welcomed in time, and does not listen to it any more", async () => {
    const world = createWorld({ connectTimeoutMs: 2_000 });
    await world.tick();
    const [first] = world.sockets;
    first?.accept();
    await world.tick(2_000);
    expect(first?.closed?.code).toBe(3001);
    expect(world.client.state).toEqual({ status: "waiting", attempt: 2, retryAt: Date.now() - 5 + 100 });
    await world.tick(200);
    expect(world.sockets).toHaveLength(2);
    first?.receive(welcome());
    expect(world.client.state.status).toBe("connecting");
  });
});

describe("a url or ticket provider that misbehaves", () => {
  const cases: [string, () => unknown][] = [
    ["rejects", () => Promise.reject(new Error("no"))],
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["gives junk", () => "not a url"],
    ["gives nothing", () => undefined],
    ["hangs", () => new Promise(() => {})],
  ];
  it.each(cases)("recovers from a url provider that %s", async (_, provider) => {
    let isBroken = true;
    const world = createWorld({ url: () => (isBroken ? (provider() as string) : "ws://halyard.test/ws") });
    await world.tick(10_050);
    expect(world.sockets).toHaveLength(0);
    expect(statuses(world)).toContain("waiting");
    isBroken = false;
    await world.tick(41_000);
    await world.open();
    expect(world.client.state.status).toBe("open");
  });
});
