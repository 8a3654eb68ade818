import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import { TestApp } from "../support/test-app.ts";
import { until } from "../support/wait.ts";

describe.each(["node", "bun"] as const)("a node that drains, on %s", (runtime) => {
  let app = new TestApp(runtime, {});
  beforeEach(async () => {
    app = new TestApp(runtime, {});
    await app.start();
    return async () => app.stop();
  });

  it("a drain sends reconnect, then closes every connection with 4012 and the time to wait", async () => {
    const clients = [await app.plain(), await app.v1()];
    await app.command("drain");
    for (const client of clients) {
      const { code, reason } = await client.end(10_000);
      expect(code).toBe(4012);
      expect(Number(/^retryAfterMs=(\d+)$/.exec(reason)?.[1])).toBeLessThanOrEqual(2_000);
      expect(client.all("reconnect")).toEqual([{ type: "reconnect", afterMs: expect.any(Number) as number }]);
    }
    await until("the drain to end", async () => (await app.command("drained")) === "done");
  });

  it("a draining node rejects upgrades and plain GETs with 503 and Retry-After", async () => {
    await app.command("drain");
    for (const plain of [false, true]) {
      const { status, headers } = await handshake({
        port: app.port,
        plain,
        headers: [["Cookie", "session=late"]],
      });
      expect(status).toBe(503);
      expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
  });

  it("a draining node lets a running handler finish and sends its receipt", async () => {
    const ada = app.user();
    const client = await app.v1(ada);
    const seq = client.post("wait", { ms: 300, tag: "finished" });
    await client.sync();
    await app.command("drain");
    expect(await client.answer(seq)).toMatchObject({ type: "reply" });
    expect(await client.end(10_000)).toMatchObject({ code: 4012 });
    expect(await app.journal("wait", ada)).toMatchObject([{ tag: "finished" }]);
  });
});

describe.each(["node", "bun"] as const)("manager.close, on %s", (runtime) => {
  const app = new TestApp(runtime, {});
  afterAll(async () => app.stop());

  it("manager.close closes every connection and leaves none", async () => {
    await app.start();
    const clients = [await app.plain(), await app.v1()];
    await app.command("close");
    for (const client of clients) expect([1001, 1012, 4012]).toContain((await client.end()).code);
    await until("every connection to be closed", async () => (await app.stats()).totalConnections === 0);
  });
});
