import { expect, it } from "vitest";
import { onEachBackplaneIfLong } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

/** The kernel buffers some megabytes for a paused socket: the server sees a slow reader only beyond them. */
const LARGE = { count: 1_600, padding: 10_000, everyMs: 1 };

onEachBackplaneIfLong("clients that stop reading", {}, (app) => {
  it("a client that stops reading is closed with 4008, and other clients receive every message", async () => {
    const slowUser = app.user("slowUser");
    const [slow, good] = [await app.plain(slowUser), await app.v1()];
    slow.pause();
    await app.command("publish", LARGE);
    await until(
      "the slow reader to be closed",
      async () => (await app.journal("disconnect", slowUser)).length === 1,
      15_000,
    );
    slow.resume();
    const { code, reason } = await slow.end(15_000);
    expect([4008, 1006]).toContain(code);
    if (code === 4008) expect(reason).toMatch(/^retryAfterMs=\d+$/);
    await good.sync();
    expect(good.all("notice")).toHaveLength(LARGE.count);
    expect(good.isOpen).toBe(true);
  });
});
