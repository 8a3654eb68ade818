import { expect, it } from "vitest";
import type { HandshakeAnswer } from "../support/handshake.ts";
import { handshake } from "../support/handshake.ts";
import { onEachRuntime, ORIGIN } from "../support/test-app.ts";

onEachRuntime("a server whose event loop is blocked", { limits: { sheddingLagMs: 200 } }, (app) => {
  const upgrade = (): Promise<HandshakeAnswer> =>
    handshake({
      port: app.port,
      headers: [
        ["Cookie", `session=${app.user()}`],
        ["Origin", ORIGIN],
      ],
    });

  it("answers upgrades with 503 and Retry-After, keeps its connections, and logs the stall once [s-A10]", async () => {
    const connected = await app.plain();
    expect((await upgrade()).status).toBe(101);
    await app.command("overload", { ms: 700, times: 4 });
    const answer = async (): Promise<unknown[]> => {
      const { status, headers } = await upgrade();
      return [status, headers.get("retry-after")];
    };
    await expect.poll(answer, { interval: 0, timeout: 2_500 }).toEqual([503, "1"]);
    await app.command("overload", { ms: 0, times: 1 });
    await connected.sync();
    await expect.poll(async () => (await upgrade()).status, { interval: 200, timeout: 10_000 }).toBe(101);
    const log = (await app.command("log")) as string[];
    expect(log.filter((line) => line.includes("the event loop was blocked for"))).toHaveLength(1);
    expect(await app.command("eventLoopLag")).toMatchObject({
      max: expect.toSatisfy((ms) => ms > 400) as number,
    });
  });
});
