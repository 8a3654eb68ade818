import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { handshake } from "../support/handshake.ts";
import { ORIGIN } from "../support/test-app.ts";
import { p99 } from "../support/p99.ts";
import { until } from "../support/wait.ts";
import { describeAttacks } from "./support/attacked-app.ts";

const DEFAULT_LIMITS = {
  refusedUpgradesPerSecond: 10,
  refusedUpgradeBurst: 30,
  acceptedUpgradesPerSecond: 5,
  acceptedUpgradeBurst: 30,
  handshakesPerAddress: 200,
  handshakes: 2_000,
};

describeAttacks("A: many handshakes", { limits: DEFAULT_LIMITS, maxConnectionsPerUser: 1_000 }, (app) => {
  const from = (localAddress: string, userId: string) =>
    handshake({ port: app.port, localAddress, headers: app.credentials(userId) });

  it("A24: 500 users behind one address are accepted within ten seconds", async () => {
    const startedAt = performance.now();
    const statuses: number[] = [];
    for (let n = 0; n < 10; n++) {
      const users = Array.from({ length: 50 }, () => app.user());
      statuses.push(
        ...(await Promise.all(users.map(async (user) => (await from("127.0.0.5", user)).status))),
      );
    }
    expect(statuses).toEqual(Array<number>(500).fill(101));
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it("A24: an address with too many rejected upgrades gets 429, and other addresses do not", async () => {
    const rejected = async () => handshake({ port: app.port, localAddress: "127.0.0.6" });
    const answers = [];
    for (let n = 0; n < 40; n++) answers.push(await rejected());
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeLessThan(38);
    // The last one may have got what comes back with each second.
    const last = answers.findLast(({ status }) => status === 429);
    expect(last?.headers.get("retry-after")).toBe("1");
    await until("the address to be refused", async () => (await rejected()).status === 429);
    expect((await from("127.0.0.6", app.user())).status).toBe(429);
    expect((await from("127.0.0.7", app.user())).status).toBe(101);
  });

  it("A24: a user who connects too often gets 429, and other users behind the address do not", async () => {
    const eve = app.user("eve");
    const statuses = [];
    for (let n = 0; n < 50; n++) statuses.push((await from("127.0.0.8", eve)).status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(5);
    expect((await from("127.0.0.8", app.user("bea"))).status).toBe(101);
  });

  it(
    "A24: 1,000 rejected upgrades a second from one address leave the p99 of other clients below 50 ms",
    { retry: 2 },
    async () => {
      const ada = await app.plain();
      const before = await p99(async () => ada.sync());
      let running = true;
      let rejections = 0;
      const flood = async (): Promise<void> => {
        while (running) {
          const due = performance.now() + 20;
          await Promise.all(
            Array.from({ length: 20 }, async () => handshake({ port: app.port, localAddress: "127.0.0.6" })),
          );
          rejections += 20;
          await pause(Math.max(0, due - performance.now()));
        }
      };
      const attack = flood();
      const startedAt = performance.now();
      const during = await p99(async () => ada.sync());
      const perSecond = (rejections * 1_000) / (performance.now() - startedAt);
      running = false;
      await attack;
      expect(perSecond).toBeGreaterThan(500);
      expect(during, `${before.toFixed(1)} ms without, at ${perSecond.toFixed(0)} a second`).toBeLessThan(50);
    },
  );

  it("A25: a forged X-Forwarded-For gets past no limit of its peer, and is logged once", async () => {
    const forged = async (n: number, userId?: string): Promise<number> => {
      const forwarded = ["X-Forwarded-For", `1.1.${String(n >> 8)}.${String(n & 255)}`] as const;
      const headers = [forwarded, ...(userId === undefined ? [] : app.credentials(userId))];
      return (await handshake({ port: app.port, localAddress: "127.0.0.9", headers })).status;
    };
    let isLimited = false;
    // Twenty times the burst of one address, and what comes back meanwhile.
    for (let n = 0; n < 6_000 && !isLimited; n += 50) {
      await Promise.all(Array.from({ length: 50 }, async (_, m) => forged(n + m)));
      isLimited = (await forged(n, app.user())) === 429;
      expect(isLimited && n < 500).toBe(false);
    }
    expect(isLimited).toBe(true);
    const addresses = (await app.events("upgrade_refused")).map(({ address }) => address);
    expect(addresses).toContain("127.0.0.9");
    expect(addresses.filter((address) => address?.startsWith("1.1.") === true)).toEqual([]);
    const warnings = ((await app.command("log")) as string[]).filter((line) => line.includes("trustProxy"));
    expect(warnings).toHaveLength(1);
  });
});

describeAttacks("A: behind a proxy", { limits: DEFAULT_LIMITS, trustProxy: ["127.0.0.0/8"] }, (app) => {
  it("A25: the last address of a trusted proxy's X-Forwarded-For counts, and those before it are ignored", async () => {
    const behind = (forwarded: string, userId?: string) =>
      handshake({
        port: app.port,
        headers: [["X-Forwarded-For", forwarded], ...(userId === undefined ? [] : app.credentials(userId))],
      });
    for (let n = 0; n < 40; n++) await behind(`1.1.1.${String(n)}, 192.0.2.1`);
    expect((await behind("9.9.9.9, 192.0.2.1", app.user())).status).toBe(429);
    expect((await behind("192.0.2.1, 192.0.2.2", app.user())).status).toBe(101);
  });
});

describeAttacks("A: while the node drains", {}, (app) => {
  it("A26: a draining node rejects an upgrade with 503 and Retry-After", async () => {
    const busy = await app.plain();
    busy.send({ type: "wait", ms: 1_500, tag: "keeps the drain waiting" });
    await busy.sync();
    await app.command("drain", { windowMs: 100 });
    const answer = await handshake({ port: app.port, headers: app.credentials("late") });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    const probe = await handshake({ port: app.port, plain: true, headers: [["Origin", ORIGIN]] });
    expect(probe.status).toBe(503);
    expect((await app.events("upgrade_refused")).at(-1)).toMatchObject({ reason: "draining", code: 503 });
  });
});
