import { afterEach, describe, expect, it, vi } from "vitest";
import { createHarness, reply } from "../../test/harness.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** The page is frozen: time passes, and no timer runs. */
const freeze = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("a silent connection", () => {
  it("is probed after 35 s, and kept when any frame comes", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    await harness.tick(34_900);
    expect(socket.sent("ping")).toHaveLength(0);
    await harness.tick(200);
    expect(socket.sent("ping")).toEqual([{ type: "ping" }]);
    socket.receive({ type: "pong" });
    await harness.tick(34_000);
    expect(socket.sent("ping")).toHaveLength(1);
    expect(harness.client.state.status).toBe("open");
    await harness.tick(1_200);
    expect(socket.sent("ping")).toHaveLength(2);
  });

  it("is not probed while any text comes, also one that is no frame", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    for (let n = 0; n < 10; n++) {
      await harness.tick(20_000);
      socket.receive("garbage");
    }
    expect(socket.sent("ping")).toHaveLength(0);
  });

  it("is replaced when the probe is not answered within 5 s", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    await harness.tick(35_010);
    await harness.tick(4_900);
    expect(harness.client.state.status).toBe("open");
    await harness.tick(200);
    expect(socket.closed?.code).toBe(3001);
    expect(harness.client.state.status).not.toBe("open");
    await harness.tick(110);
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });

  it("is probed after the silence that the welcome allows", async () => {
    const harness = createHarness();
    const socket = await harness.open({ heartbeat: { intervalMs: 1_000, timeoutMs: 2_000 } });
    await harness.tick(2_010);
    expect(socket.sent("ping")).toHaveLength(1);
  });
});

describe("a page that wakes up", () => {
  it.each(["visibilitychange", "online", "pageshow", "resume"])(
    "probes on %s, with 3 s for the answer",
    async (event) => {
      const harness = createHarness();
      const socket = await harness.open();
      await harness.tick(1_000);
      harness.page.fire(event);
      expect(socket.sent("ping")).toHaveLength(1);
      await harness.tick(2_900);
      expect(harness.client.state.status).toBe("open");
      await harness.tick(200);
      expect(socket.closed?.code).toBe(3001);
    },
  );

  it("keeps a connection that answers, whatever the event `offline` says", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    harness.page.fire("offline");
    harness.page.fire("online");
    socket.receive({ type: "pong" });
    await harness.tick(10_000);
    expect(harness.sockets).toHaveLength(1);
    expect(harness.client.state.status).toBe("open");
  });

  it("does not postpone the end of a dead connection by waking often", async () => {
    const harness = createHarness();
    await harness.open();
    for (let n = 0; n < 4; n++) {
      harness.page.fire("visibilitychange");
      await harness.tick(1_000);
    }
    expect(harness.client.state.status).not.toBe("open");
  });

  it("does not take its own sleep for a silence of the server", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    await harness.tick(35_010);
    expect(socket.sent("ping")).toHaveLength(1);
    freeze(60_000);
    await harness.tick(5_000);
    // The overdue timer runs before the data of the network is read.
    expect(harness.client.state.status).toBe("open");
    expect(socket.sent("ping")).toHaveLength(2);
    socket.receive({ type: "pong" });
    await harness.tick(10_000);
    expect(harness.client.state.status).toBe("open");
  });

  it("repeats a late probe only once", async () => {
    const harness = createHarness();
    await harness.open();
    await harness.tick(35_010);
    freeze(60_000);
    await harness.tick(5_000);
    freeze(60_000);
    await harness.tick(3_000);
    expect(harness.client.state.status).not.toBe("open");
  });

  it("probes a silent connection also after the clock was set back", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    freeze(-3_600_000);
    await harness.tick(71_000);
    expect(socket.sent("ping").length).toBeGreaterThan(0);
  });
});

describe("a page that is hidden for the back button", () => {
  it("closes with 3001 at pagehide, and reconnects at pageshow", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    harness.page.fire("pagehide");
    expect(socket.closed?.code).toBe(3001);
    expect(harness.client.state.status).toBe("waiting");
    await harness.tick(100_000);
    expect(harness.sockets).toHaveLength(1);
    harness.page.fire("pageshow");
    await harness.open();
    expect(harness.client.state.status).toBe("open");
  });

  it("writes at pagehide what waits for the rate, as far as the server takes it at once", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    const votes = () => socket.sent("poll_vote");
    for (let option = 0; option < 60; option++) {
      void harness.client.send("poll_vote", { option });
      const last = votes().at(-1);
      if (last?.["option"] === option) socket.receive(reply(last));
    }
    expect(votes().length).toBeLessThan(60);
    harness.page.fire("pagehide");
    expect(votes().map((frame) => frame["option"])).toEqual(
      Array.from({ length: 60 }, (_, option) => option),
    );
    expect(socket.closed?.code).toBe(3001);
  });

  it("does not reconnect when the client was closed or its credentials rejected", async () => {
    const harness = createHarness();
    const socket = await harness.open();
    socket.drop(4401);
    harness.page.fire("pagehide");
    harness.page.fire("pageshow");
    await harness.tick(1_000);
    expect(harness.client.state).toMatchObject({ status: "authRequired", reason: "unauthenticated" });
    harness.client.close();
    harness.page.fire("pagehide");
    harness.page.fire("pageshow");
    await harness.tick(1_000);
    expect(harness.sockets).toHaveLength(1);
    expect(harness.page.count).toBe(0);
  });
});
