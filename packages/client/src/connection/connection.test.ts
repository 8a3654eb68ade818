import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

const statuses = (harness: ReturnType<typeof createHarness>) => harness.states.map(({ status }) => status);

describe("connecting", () => {
  it("offers halyard.v1, names client id and attempt in the URL, then sends a hello", async () => {
    const harness = createHarness({ contract: "2026-11" });
    await harness.tick();
    const { url, protocols } = harness.socket;
    expect(protocols).toEqual(["halyard.v1"]);
    expect(url.searchParams.get("a")).toBe("1");
    expect(url.searchParams.get("c")).toMatch(/^[\w-]{22}$/);
    harness.socket.accept();
    expect(harness.socket.sent()).toEqual([
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
    expect(harness.client.state).toEqual({ status: "connecting", attempt: 1 });
    harness.socket.receive(welcome());
    expect(harness.client.state).toMatchObject({ status: "open", user: { userId: "ada" } });
    expect(harness.client.user).toMatchObject({ name: "Ada" });
  });

  it("opens no socket before connect() when autoConnect is false", async () => {
    const harness = createHarness({ autoConnect: false });
    await harness.tick(60_000);
    expect(harness.sockets).toHaveLength(0);
    expect(harness.client.state).toMatchObject({ status: "closed", code: 1000, cause: { kind: "local" } });
    harness.client.connect();
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });

  it("turns http into ws, and calls a url function for every attempt", async () => {
    const url = vi.fn(() => Promise.resolve("https://halyard.test/ws?x=1#y"));
    const harness = createHarness({ url });
    await harness.tick();
    expect(harness.socket.url.href).toMatch(/^wss:\/\/halyard\.test\/ws\?c=[\w-]+&a=1&x=1$/);
    harness.socket.drop();
    await harness.tick(600);
    expect(url).toHaveBeenCalledTimes(2);
    expect(harness.socket.url.searchParams.get("a")).toBe("2");
  });

  it.each([
    ["ws://http-gateway.test/ws", "ws://http-gateway.test/ws"],
    ["wss://halyard.test/http?from=https://app.test", "wss://halyard.test/http?from=https://app.test"],
    ["https://http.test/http", "wss://http.test/http"],
  ])("turns http into ws only in the scheme of %s", async (url, expected) => {
    const harness = createHarness({ url });
    await harness.tick();
    expect(harness.socket.url.href.replace(/c=[\w-]+&a=1&?/, "").replace(/\?$/, "")).toBe(expected);
  });

  it("throws an error that says what is missing where there is no WebSocket", () => {
    vi.stubGlobal("WebSocket", undefined);
    expect(() => createHarness({ WebSocket: undefined })).toThrow("No WebSocket here");
    vi.unstubAllGlobals();
  });

  it.each(["/ws", undefined])(
    "opens nothing for the URL %o where there is no page, until it is used",
    async (url) => {
      const harness = createHarness({ url: url as never });
      await harness.tick(60_000);
      expect(vi.getTimerCount()).toBe(0);
      expect(harness.client.state).toMatchObject({ status: "closed", cause: { kind: "local" } });
      void harness.client.send("chat_message", { content: "a" });
      await harness.tick();
      expect(harness.client.state).toMatchObject({
        status: "closed",
        reason: "invalid URL",
        cause: { kind: "option", message: expect.stringContaining("write") as string },
      });
      expect(harness.errors).toHaveLength(1);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it.each(["connect", "send", "request", "join"] as const)(
    "opens with %s() when the URL of a page was used before there was one",
    async (use) => {
      const harness = createHarness({ url: "/ws" });
      vi.stubGlobal("location", { href: "https://halyard.test/page" });
      if (use === "connect") harness.client.connect();
      else if (use === "send") void harness.client.send("chat_message", { content: "a" });
      else if (use === "request") void harness.client.request("count").catch(() => undefined);
      else harness.client.join("general");
      await harness.tick();
      expect(harness.socket.url.href).toMatch(/^wss:\/\/halyard\.test\/ws\?/);
      vi.unstubAllGlobals();
    },
  );

  it.each(["localhost:3000/ws", "ftp://localhost/ws", "mailto:a@b", "http://[", "ws:"])(
    "throws a TypeError that says what to write for the URL %s",
    (url) => {
      expect(() => createHarness({ url })).toThrow(/write "wss:/);
      vi.useRealTimers();
    },
  );

  it.each([undefined, null, "", "file:///page"])("throws for the URL %o in a page", (url) => {
    vi.stubGlobal("location", { href: "https://halyard.test/page" });
    expect(() => createHarness({ url: url as never })).toThrow(TypeError);
    vi.unstubAllGlobals();
  });

  it("opens no socket after close(), and one after connect()", async () => {
    const harness = createHarness();
    harness.client.close();
    await harness.tick(1_000);
    expect(harness.sockets).toHaveLength(0);
    harness.client.connect();
    harness.client.close();
    harness.client.connect();
    await harness.tick(1_000);
    expect(harness.sockets).toHaveLength(1);
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });

  it("opens one socket for connect, close and connect in a row, as StrictMode calls them", async () => {
    const harness = createHarness({ autoConnect: false });
    harness.client.connect();
    await harness.tick();
    harness.client.close();
    harness.client.connect();
    await harness.tick();
    expect(harness.sockets).toHaveLength(2);
    expect(harness.sockets[0]?.closed?.code).toBe(1000);
    harness.sockets[0]?.accept();
    harness.sockets[0]?.receive(welcome({ user: { userId: "eve" } }));
    expect(harness.client.state.status).toBe("connecting");
    harness.socket.accept();
    harness.socket.receive(welcome());
    expect(harness.client.user?.userId).toBe("ada");
  });

  it("ends an attempt without a welcome in time, and ignores its late welcome", async () => {
    const harness = createHarness({ connectTimeoutMs: 2_000 });
    await harness.tick();
    const [first] = harness.sockets;
    first?.accept();
    await harness.tick(2_000);
    expect(first?.closed?.code).toBe(3001);
    expect(harness.client.state).toMatchObject({
      status: "waiting",
      attempt: 2,
      retryAt: Date.now() - 5 + 100,
    });
    await harness.tick(200);
    expect(harness.sockets).toHaveLength(2);
    first?.receive(welcome());
    expect(harness.client.state.status).toBe("connecting");
  });
});

describe("a url provider that fails", () => {
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
    const harness = createHarness({
      url: () => (isBroken ? (provider() as string) : "ws://halyard.test/ws"),
    });
    await harness.tick(10_050);
    expect(harness.sockets).toHaveLength(0);
    expect(statuses(harness)).toContain("waiting");
    isBroken = false;
    await harness.tick(41_000);
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });
});
