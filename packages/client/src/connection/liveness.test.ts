import { afterEach, describe, expect, it, vi } from "vitest";
import { createWorld } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** The page is frozen: time passes, nothing runs. */
const freeze = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("an open connection that says nothing", () => {
  it("is asked after 35 s, and kept when anything comes", async () => {
    const world = createWorld();
    const socket = await world.open();
    await world.tick(34_900);
    expect(socket.sent("ping")).toHaveLength(0);
    await world.tick(200);
    expect(socket.sent("ping")).toEqual([{ type: "ping" }]);
    socket.receive({ type: "pong" });
    await world.tick(34_000);
    expect(socket.sent("ping")).toHaveLength(1);
    expect(world.client.state.status).toBe("open");
    await world.tick(1_200);
    expect(socket.sent("ping")).toHaveLength(2);
  });

  it("is not asked while anything comes, garbage too", async () => {
    const world = createWorld();
    const socket = await world.open();
    for (let n = 0; n < 10; n++) {
      await world.tick(20_000);
      socket.receive("garbage");
    }
    expect(socket.sent("ping")).toHaveLength(0);
  });

  it("is replaced when there is no answer within 5 s", async () => {
    const world = createWorld();
    const socket = await world.open();
    await world.tick(35_010);
    await world.tick(4_900);
    expect(world.client.state.status).toBe("open");
    await world.tick(200);
    expect(socket.closed?.code).toBe(3001);
    expect(world.client.state.status).not.toBe("open");
    await world.tick(110);
    await world.open();
    expect(world.client.state.status).toBe("open");
  });

  it("goes by the silence that the welcome allows", async () => {
    const world = createWorld();
    const socket = await world.open({ heartbeat: { intervalMs: 1_000, timeoutMs: 2_000 } });
    await world.tick(2_010);
    expect(socket.sent("ping")).toHaveLength(1);
  });
});

describe("a page that wakes up", () => {
  it.each(["visibilitychange", "online", "pageshow", "resume"])(
    "probes on %s, with 3 s for the answer",
    async (event) => {
      const world = createWorld();
      const socket = await world.open();
      await world.tick(1_000);
      world.page.fire(event);
      expect(socket.sent("ping")).toHaveLength(1);
      await world.tick(2_900);
      expect(world.client.state.status).toBe("open");
      await world.tick(200);
      expect(socket.closed?.code).toBe(3001);
    },
  );

  it("does not close a connection that works, whatever `offline` says", async () => {
    const world = createWorld();
    const socket = await world.open();
    world.page.fire("offline");
    world.page.fire("online");
    socket.receive({ type: "pong" });
    await world.tick(10_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.client.state.status).toBe("open");
  });

  it("does not put off the end of a dead connection by waking often", async () => {
    const world = createWorld();
    await world.open();
    for (let n = 0; n < 4; n++) {
      world.page.fire("visibilitychange");
      await world.tick(1_000);
    }
    expect(world.client.state.status).not.toBe("open");
  });

  it("does not take its own sleep for the server's silence", async () => {
    const world = createWorld();
    const socket = await world.open();
    await world.tick(35_010);
    expect(socket.sent("ping")).toHaveLength(1);
    freeze(60_000);
    await world.tick(5_000);
    // The overdue timer ran first; what the network brought is read only now.
    expect(world.client.state.status).toBe("open");
    expect(socket.sent("ping")).toHaveLength(2);
    socket.receive({ type: "pong" });
    await world.tick(10_000);
    expect(world.client.state.status).toBe("open");
  });

  it("gives a second chance only once", async () => {
    const world = createWorld();
    await world.open();
    await world.tick(35_010);
    freeze(60_000);
    await world.tick(5_000);
    freeze(60_000);
    await world.tick(3_000);
    expect(world.client.state.status).not.toBe("open");
  });

  it("survives a clock that was set back", async () => {
    const world = createWorld();
    const socket = await world.open();
    freeze(-3_600_000);
    await world.tick(71_000);
    expect(socket.sent("ping").length).toBeGreaterThan(0);
  });
});

describe("a page that is hidden for the back button", () => {
  it("says 3001 at pagehide, and comes back at pageshow", async () => {
    const world = createWorld();
    const socket = await world.open();
    world.page.fire("pagehide");
    expect(socket.closed?.code).toBe(3001);
    expect(world.client.state.status).toBe("waiting");
    await world.tick(100_000);
    expect(world.sockets).toHaveLength(1);
    world.page.fire("pageshow");
    await world.open();
    expect(world.client.state.status).toBe("open");
  });

  it("does not come back when it was closed, or signed out", async () => {
    const world = createWorld();
    const socket = await world.open();
    socket.drop(4401);
    world.page.fire("pagehide");
    world.page.fire("pageshow");
    await world.tick(1_000);
    expect(world.client.state).toEqual({ status: "authRequired", reason: "unauthenticated" });
    world.client.close();
    world.page.fire("pagehide");
    world.page.fire("pageshow");
    await world.tick(1_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.page.count).toBe(0);
  });
});
