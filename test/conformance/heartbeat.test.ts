import { expect, it } from "vitest";
import { onEachBackplaneIfLong } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

const SILENCE_MS = 500;

onEachBackplaneIfLong(
  "the heartbeat",
  { limits: { heartbeatMs: 100, silenceMs: SILENCE_MS, leaveGraceMs: 50 } },
  (app) => {
    it("the server pings each connection repeatedly and announces the intervals in welcome", async () => {
      const client = await app.open(app.user());
      const welcome = await client.next("welcome");
      expect(welcome["heartbeat"]).toEqual({ intervalMs: 100, timeoutMs: SILENCE_MS });
      await until("three pings", () => client.pings.length >= 3);
    });

    it("a connection that only answers pings stays open", async () => {
      const client = await app.plain();
      await until("eight pings", () => client.pings.length >= 8);
      expect(client.isOpen).toBe(true);
    });

    it("a silent peer is disconnected after silenceMs", async () => {
      const ada = app.user();
      const openedAt = performance.now();
      const client = await app.open(ada, { autoPong: false });
      const { code } = await client.end();
      expect([4000, 1006]).toContain(code);
      expect(performance.now() - openedAt).toBeGreaterThanOrEqual(SILENCE_MS - 50);
      await until("the user to be removed", async () => (await app.stats()).totalUsers === 0);
    });

    it("every inbound frame counts as activity of its connection", async () => {
      const client = await app.open(app.user(), { autoPong: false });
      const enough = performance.now() + 3 * SILENCE_MS;
      while (performance.now() < enough) {
        await client.sync();
        await new Promise((resolve) => setTimeout(resolve, SILENCE_MS / 10));
      }
      expect(client.isOpen).toBe(true);
    });
  },
);
