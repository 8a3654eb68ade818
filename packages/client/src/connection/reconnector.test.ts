import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld, welcome } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Milliseconds until the client tries again. */
const waitOf = ({ client: { state } }: ReturnType<typeof createWorld>) =>
  state.status === "waiting" ? state.retryAt - Date.now() : undefined;

describe("waiting between attempts", () => {
  it("waits anything between 100 ms and a ceiling that doubles from 500 ms to 20 s", async () => {
    for (const [failures, ceiling] of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000].entries()) {
      for (const chance of [0, 1 - 1e-9]) {
        const world = createWorld();
        await world.tick();
        for (let n = 0; n < failures; n++) {
          world.socket.drop();
          await world.tick(110);
        }
        world.chances.push(chance);
        world.socket.drop();
        expect(waitOf(world)).toBe(chance === 0 ? 100 : ceiling);
      }
    }
  });

  it("starts small again after 5 s open, and not before", async () => {
    const world = createWorld();
    for (const upMs of [4_900, 4_900]) {
      await world.open();
      await world.tick(upMs);
      world.socket.drop();
      await world.tick(110);
    }
    world.chances.push(0.999_999);
    await world.open();
    await world.tick(4_900);
    world.socket.drop();
    expect(waitOf(world)).toBe(2_000);
    await world.tick(2_010);
    await world.open();
    await world.tick(5_000);
    world.chances.push(0.999_999);
    world.socket.drop();
    expect(waitOf(world)).toBe(500);
  });

  it("wants 30 s open after a come-back code of the server's own", async () => {
    const world = createWorld();
    await world.open();
    world.socket.drop(4000);
    await world.tick(110);
    await world.open();
    await world.tick(29_000);
    world.chances.push(0.999_999);
    world.socket.drop();
    expect(waitOf(world)).toBe(1_000);
    await world.tick(1_010);
    world.chances.push(0, 0.999_999);
    world.socket.drop(4000);
    await world.tick(110);
    await world.open();
    await world.tick(30_000);
    world.socket.drop();
    expect(waitOf(world)).toBe(500);
  });

  it("takes the server's word for how long to wait, and does not let a waking page shorten it", async () => {
    const world = createWorld();
    await world.open();
    world.socket.drop(4012, "retryAfterMs=7000");
    expect(waitOf(world)).toBe(7_000);
    world.page.fire("online");
    await world.tick(6_900);
    expect(world.sockets).toHaveLength(1);
    await world.tick(110);
    expect(world.sockets).toHaveLength(2);
  });

  it("tries at once when the page wakes up in a wait of its own", async () => {
    const world = createWorld();
    await world.open();
    world.chances.push(0.9);
    world.socket.drop();
    world.page.fire("online");
    await world.tick();
    expect(world.sockets).toHaveLength(2);
  });

  it("counts tries in a row for the application, and connections of all times for the server", async () => {
    const world = createWorld();
    await world.tick();
    world.socket.drop();
    await world.tick(110);
    expect(world.client.state).toEqual({ status: "connecting", attempt: 2 });
    await world.open();
    world.socket.drop();
    expect(world.client.state).toMatchObject({ status: "waiting", attempt: 1 });
    await world.tick(110);
    expect(world.socket.url.searchParams.get("a")).toBe("3");
    world.socket.accept();
    expect(world.socket.sent("hello")[0]).toMatchObject({ attempt: 3 });
  });
});

describe("close codes", () => {
  it.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 1015, 3000, 4000, 4008, 4010, 4011, 4012, 4029, 4399])(
    "comes back after %i",
    async (code) => {
      const world = createWorld();
      await world.open();
      world.socket.drop(code);
      expect(world.client.state.status).toBe("waiting");
      await world.tick(110);
      await world.open();
      expect(world.client.state.status).toBe("open");
    },
  );

  it.each([1002, 1003, 1007, 1008, 1009, 1010, 4400, 4409, 4410, 4413, 4426, 4999])(
    "stops at %i",
    async (code) => {
      const world = createWorld();
      await world.open();
      world.socket.drop(code, "why");
      expect(world.client.state).toEqual({ status: "closed", code, reason: "why" });
      world.page.fire("online");
      await world.tick(100_000);
      expect(world.sockets).toHaveLength(1);
      expect(world.page.count).toBe(0);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it.each([
    [4401, "unauthenticated"],
    [4403, "forbidden"],
  ])("asks for a sign-in after %i, until authenticate() or reconnect()", async (code, reason) => {
    const world = createWorld();
    await world.open();
    world.socket.drop(code);
    expect(world.client.state).toEqual({ status: "authRequired", reason });
    world.page.fire("online");
    world.client.connect();
    await world.tick(100_000);
    expect(world.sockets).toHaveLength(1);
    world.client.authenticate();
    await world.open();
    expect(world.client.state.status).toBe("open");
    world.socket.drop(code);
    world.client.reconnect();
    await world.open();
    expect(world.client.state.status).toBe("open");
  });

  it("goes on after an error event whose close never comes", async () => {
    const world = createWorld();
    await world.open();
    const [first] = world.sockets;
    first?.fail("Invalid WebSocket frame");
    await world.tick();
    expect(world.client.state.status).toBe("waiting");
    await world.tick(110);
    await world.open();
    first?.receive(welcome({ user: { userId: "eve" } }));
    first?.drop(4401);
    expect(world.client.state).toMatchObject({ status: "open", user: { userId: "ada" } });
  });
});

describe("reconnect()", () => {
  it("replaces an open connection at once", async () => {
    const world = createWorld();
    const first = await world.open();
    world.client.reconnect();
    expect(first.closed?.code).toBe(3001);
    await world.tick();
    expect(world.sockets).toHaveLength(2);
    first.drop(4409);
    await world.open();
    expect(world.client.state.status).toBe("open");
  });
});
