import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The milliseconds until the next attempt. */
const waitOf = ({ client: { state } }: ReturnType<typeof createHarness>) =>
  state.status === "waiting" ? state.retryAt - Date.now() : undefined;

describe("the wait between two attempts", () => {
  it("is between 100 ms and a ceiling that doubles from 500 ms to 20 s", async () => {
    for (const [failures, ceiling] of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000].entries()) {
      for (const chance of [0, 1 - 1e-9]) {
        const harness = createHarness();
        await harness.tick();
        for (let n = 0; n < failures; n++) {
          harness.socket.drop();
          await harness.tick(110);
        }
        harness.randomValues.push(chance);
        harness.socket.drop();
        expect(waitOf(harness)).toBe(chance === 0 ? 100 : ceiling);
      }
    }
  });

  it("starts small again after a connection of 5 s, and not before", async () => {
    const harness = createHarness();
    for (const upMs of [4_900, 4_900]) {
      await harness.open();
      await harness.tick(upMs);
      harness.socket.drop();
      await harness.tick(110);
    }
    harness.randomValues.push(0.999_999);
    await harness.open();
    await harness.tick(4_900);
    harness.socket.drop();
    expect(waitOf(harness)).toBe(2_000);
    await harness.tick(2_010);
    await harness.open();
    await harness.tick(5_000);
    harness.randomValues.push(0.999_999);
    harness.socket.drop();
    expect(waitOf(harness)).toBe(500);
  });

  it("starts small again after a connection of 30 s when the server closed with a code of its own", async () => {
    const harness = createHarness();
    await harness.open();
    harness.socket.drop(4000);
    await harness.tick(110);
    await harness.open();
    await harness.tick(29_000);
    harness.randomValues.push(0.999_999);
    harness.socket.drop();
    expect(waitOf(harness)).toBe(1_000);
    await harness.tick(1_010);
    harness.randomValues.push(0, 0.999_999);
    harness.socket.drop(4000);
    await harness.tick(110);
    await harness.open();
    await harness.tick(30_000);
    harness.socket.drop();
    expect(waitOf(harness)).toBe(500);
  });

  it("is as long as the server says, also when the page wakes up", async () => {
    const harness = createHarness();
    await harness.open();
    harness.socket.drop(4012, "retryAfterMs=7000");
    expect(waitOf(harness)).toBe(7_000);
    harness.page.fire("online");
    await harness.tick(6_900);
    expect(harness.sockets).toHaveLength(1);
    await harness.tick(110);
    expect(harness.sockets).toHaveLength(2);
  });

  it("is as long as nodes say that drain one after the other, and no failure", async () => {
    const harness = createHarness();
    for (let node = 0; node < 4; node++) {
      await harness.open();
      harness.socket.drop(4012, "retryAfterMs=145");
      expect(waitOf(harness)).toBe(145);
      await harness.tick(150);
    }
    await harness.open();
    harness.randomValues.push(0.999_999);
    harness.socket.drop();
    expect(waitOf(harness)).toBe(500);
  });

  it("ends when the page wakes up", async () => {
    const harness = createHarness();
    await harness.open();
    harness.randomValues.push(0.9);
    harness.socket.drop();
    harness.page.fire("online");
    await harness.tick();
    expect(harness.sockets).toHaveLength(2);
  });

  it.each(["visibilitychange", "online", "pageshow", "resume"])(
    "ends on %s with an attempt that hangs since before: another one starts at once",
    async (event) => {
      const harness = createHarness();
      await harness.tick(1_010);
      expect(harness.sockets).toHaveLength(1);
      harness.page.fire(event);
      await harness.tick();
      expect(harness.sockets[0]?.closed?.code).toBe(3001);
      expect(harness.sockets).toHaveLength(2);
      // A page that wakes often does not keep an attempt from succeeding.
      harness.page.fire(event);
      await harness.tick();
      expect(harness.sockets).toHaveLength(2);
    },
  );

  it("is short again after the page woke up, also when the network comes a little later", async () => {
    const harness = createHarness();
    await harness.tick();
    for (let n = 0; n < 8; n++) {
      harness.socket.drop();
      await harness.tick(110);
    }
    harness.page.fire("visibilitychange");
    harness.randomValues.push(0.999_999);
    harness.socket.drop();
    expect(waitOf(harness)).toBe(500);
  });

  it("shows the application the attempts in a row, and the server those of all time", async () => {
    const harness = createHarness();
    await harness.tick();
    harness.socket.drop();
    await harness.tick(110);
    expect(harness.client.state).toMatchObject({
      status: "connecting",
      attempt: 2,
      cause: { kind: "unreachable" },
    });
    await harness.open();
    harness.socket.drop();
    expect(harness.client.state).toMatchObject({ status: "waiting", attempt: 1 });
    await harness.tick(110);
    expect(harness.socket.url.searchParams.get("a")).toBe("3");
    harness.socket.accept();
    expect(harness.socket.sent("hello")[0]).toMatchObject({ attempt: 3 });
  });
});

describe("a client whose connection closes", () => {
  it.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 1015, 3000, 4000, 4008, 4010, 4011, 4012, 4029, 4399])(
    "reconnects after close code %i",
    async (code) => {
      const harness = createHarness();
      await harness.open();
      harness.socket.drop(code);
      expect(harness.client.state.status).toBe("waiting");
      await harness.tick(110);
      await harness.open();
      expect(harness.client.state.status).toBe("open");
    },
  );

  it.each([1002, 1003, 1007, 1008, 1009, 1010, 4400, 4409, 4410, 4413, 4426, 4999])(
    "stops at close code %i",
    async (code) => {
      const harness = createHarness();
      await harness.open();
      harness.socket.drop(code, "why");
      const cause = { code, reason: "why" };
      expect(harness.client.state).toMatchObject({ status: "closed", code, reason: "why", cause });
      harness.page.fire("online");
      await harness.tick(100_000);
      expect(harness.sockets).toHaveLength(1);
      expect(harness.page.count).toBe(0);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it.each([
    [4401, "unauthenticated"],
    [4403, "forbidden"],
  ])(
    "stops at authRequired after close code %i, until authenticate() or reconnect()",
    async (code, reason) => {
      const harness = createHarness();
      await harness.open();
      harness.socket.drop(code);
      expect(harness.client.state).toMatchObject({
        status: "authRequired",
        reason,
        cause: { kind: "kicked", code },
      });
      harness.page.fire("online");
      harness.client.connect();
      await harness.tick(100_000);
      expect(harness.sockets).toHaveLength(1);
      harness.client.authenticate();
      await harness.open();
      expect(harness.client.state.status).toBe("open");
      harness.socket.drop(code);
      harness.client.reconnect();
      await harness.open();
      expect(harness.client.state.status).toBe("open");
    },
  );

  it("reconnects after an error event without a close event", async () => {
    const harness = createHarness();
    await harness.open();
    const [first] = harness.sockets;
    first?.fail("Invalid WebSocket frame");
    await harness.tick();
    expect(harness.client.state.status).toBe("waiting");
    await harness.tick(110);
    await harness.open();
    first?.receive(welcome({ user: { userId: "eve" } }));
    first?.drop(4401);
    expect(harness.client.state).toMatchObject({ status: "open", user: { userId: "ada" } });
  });
});

describe("a socket that emits an error and no close, as Chromium's under a content security policy", () => {
  it("counts as a failed attempt after 1 s, and the next attempt comes after the usual wait", async () => {
    const harness = createHarness();
    await harness.tick();
    harness.socket.fail();
    await harness.tick(990);
    expect(harness.client.state.status).toBe("connecting");
    await harness.tick(10);
    expect(harness.client.state).toMatchObject({ status: "waiting", cause: { kind: "unreachable" } });
    await harness.tick(110);
    expect(harness.sockets).toHaveLength(2);
    await harness.open();
    await harness.tick(2_000);
    expect(harness.client.state.status).toBe("open");
  });
});

describe("reconnect()", () => {
  it("replaces an open connection at once", async () => {
    const harness = createHarness();
    const first = await harness.open();
    harness.client.reconnect();
    expect(first.closed?.code).toBe(3001);
    await harness.tick();
    expect(harness.sockets).toHaveLength(2);
    first.drop(4409);
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });
});
