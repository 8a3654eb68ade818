// The user of the README: the suite of backplanes runs under it, over TLS in one test, and without INFO.
import { createClient } from "@redis/client";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { findFreePort } from "../../../scripts/free-port.ts";
import { selfSigned } from "../test/certificate.ts";
import { HISTORY } from "../../server/test/backplane-suite/node.ts";
import { RealNodes } from "../test/real-nodes.ts";
import { RedisServer } from "../test/redis-server.ts";
import { OFFSET } from "../test/store-time.ts";
import { describeOnRedis } from "../test/suite-on-redis.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const [line = ""] = /^ACL SETUSER .*$/m.exec(readme) ?? [];
/** The names of the commands, without those that only begin a connection. */
const commands = line.match(/(?<= \+)\S+/g) ?? [];

let server: RedisServer;
let url: string;
beforeAll(async () => {
  server = await RedisServer.start();
  url = server.url.replace("//", "//app:password@");
}, 120_000);
afterAll(() => server.close());

/** Makes the user of the README, with some changes. */
async function setUser(...changes: readonly string[]): Promise<void> {
  await server.control(async (client) => {
    await client.sendCommand(["ACL", "DELUSER", "app"]);
    await client.sendCommand([...line.split(" "), ...changes]);
  });
}

describeOnRedis(
  () => server,
  async () => {
    // The clock of the test is read inside of scripts.
    await setUser(`~${OFFSET}`);
    return url;
  },
);

describe("the least user of the README", () => {
  let nodes: RealNodes;
  beforeAll(() => {
    nodes = new RealNodes(server);
  });
  afterEach(() => nodes.close());

  it.each(commands.filter((command) => command !== "info"))(
    "may not have less: without %s a node does not start, and says what to write",
    async (command) => {
      await setUser(`-${command}`);
      const node = nodes.create({ url });
      const failure = await node.backplane.start(node).catch((error: unknown) => String(error));
      expect(failure).toMatch(/Redis refuses this user: NOPERM.*README of @halyard\/redis/);
      expect(failure).toContain(`'${command}' command`);
      expect(failure).toContain(`Write ACL SETUSER app +${command}, where`);
    },
  );

  it("is told all that it may not at once, also where no system has started the backplane", async () => {
    await setUser("-publish", "-hdel", "-exec");
    const node = nodes.create({ url });
    await expect(node.publish("a", "1")).rejects.toThrow(/Write ACL SETUSER app \+exec \+publish \+hdel, /);
  });

  it.each(["resetchannels", "resetkeys"])("may not have less: with %s a publisher fails", async (change) => {
    await setUser(change);
    await expect(nodes.create({ url }).publish("a", "1")).rejects.toThrow(
      /Redis refuses this user: NOPERM.*README of @halyard\/redis/,
    );
  });

  it.each(["publish", "send"])(
    "keeps a node that loses a right: it says so, and a %s is stored once",
    async (kind) => {
      await setUser();
      const change = (rule: string) =>
        server.control((client) => client.sendCommand(["ACL", "SETUSER", "app", rule]));
      const node = await nodes.start({ url });
      await node.backplane.subscribe("a");
      await node.publish("a", "1");
      const work = { ref: { user: "ada", client: "c" }, key: 1, digest: 1, claim: 1 };
      const publication = { channel: "a", data: "2", history: HISTORY, result: ["{", "}"] } as const;
      const send = (): Promise<unknown> | undefined =>
        kind === "publish"
          ? node.publish("a", "2", { idempotencyKey: "k" })
          : node.backplane.publishOnce?.(work, publication);
      await change("-publish");
      await expect(send()).rejects.toThrow("unavailable");
      const refused = /no permissions to run the 'publish' command\. Write ACL SETUSER app \+publish, where/;
      await expect.poll(() => node.backplane.health().lastError, { timeout: 5_000 }).toMatch(refused);
      expect(node.backplane.health().state).toBe("down");
      await change("+publish");
      await expect.poll(() => node.backplane.health().state, { timeout: 10_000 }).toBe("up");
      await send();
      const { entries } = await node.backplane.read("a", { after: 0, limit: 10 });
      expect(entries.map(({ data }) => data)).toEqual(["1", "2"]);
    },
    20_000,
  );

  it("reaches nothing outside of the prefix", async () => {
    await setUser();
    const node = nodes.create({ url, prefix: "other" });
    await expect(node.backplane.start(node)).rejects.toThrow("NOPERM");
  });

  it("keeps a node up whose password is changed, once the new one is known [trap 4]", async () => {
    await setUser();
    const node = await nodes.start({ url });
    await setUser("resetpass", ">other");
    await server.control((client) =>
      client.sendCommand(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]),
    );
    await expect.poll(() => node.backplane.health().lastError, { timeout: 10_000 }).toContain("WRONGPASS");
    await setUser();
    await expect.poll(() => node.backplane.health().state, { timeout: 10_000 }).toBe("up");
    await node.publish("a", "1");
  });

  it("may be without INFO: all works, and health says what is not checked [trap 4]", async () => {
    await setUser("-info");
    const [one, two] = [await nodes.start({ url }), await nodes.start({ url })];
    await two.backplane.subscribe("a");
    await one.publish("a", "1");
    await one.backplane.applyPresence([
      { op: "+", room: undefined, user: "ada", connectionId: "1", profile: "{}" },
    ]);
    await expect.poll(() => two.texts("a")).toEqual(["1"]);
    await expect.poll(() => two.transitions(undefined)).toEqual(["+ada"]);
    const { state, lastError } = one.backplane.health();
    expect(state).toBe("degraded");
    expect(lastError).toMatch(/^INFO is not allowed: .* older state is not noticed$/);
  });

  it("comes over TLS with a certificate that the application trusts, and not with another one", async () => {
    const directory = mkdtempSync(join(tmpdir(), "halyard-tls-"));
    try {
      await setUser();
      const { settings, ca } = selfSigned(directory);
      const port = await findFreePort();
      await server.control((client) => client.configSet({ ...settings, "tls-port": String(port) }));
      const secureUrl = `rediss://app:password@127.0.0.1:${String(port)}`;
      const client = createClient({ url: secureUrl, socket: { tls: true, ca } });
      const [one, two] = [await nodes.start({ client }), await nodes.start({ url })];
      await two.backplane.subscribe("a");
      await one.publish("a", "1");
      await expect.poll(() => two.texts("a")).toEqual(["1"]);

      const untrusting = nodes.create({ url: secureUrl });
      await expect(untrusting.publish("a", "2")).rejects.toThrow();
      expect(untrusting.backplane.health()).toMatchObject({
        state: "down",
        lastError: expect.stringContaining("self-signed certificate") as string,
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it("runs scripts that Redis has forgotten, and drops the oldest of many results", async () => {
    await setUser();
    const node = await nodes.start({ url });
    const { backplane } = node;
    await server.control((client) => client.scriptFlush());
    await node.publish("a", "1");
    const ref = { user: "ada", client: "c" };
    for (let number = 0; number <= 96; number++) {
      const work = { ref, key: `k${String(number)}`, digest: 1, claim: number };
      await backplane.begin(work);
      await backplane.settle(work, "{}");
    }
    const again = (number: number) =>
      backplane.begin({ ref, key: `k${String(number)}`, digest: 1, claim: 99 });
    expect([await again(1), await again(0)]).toEqual([{ state: "done", result: "{}" }, { state: "run" }]);
  });

  it("has no command that neither the suite nor the tests above need", async () => {
    const stats = await server.control((client) => client.info("commandstats"));
    const unused = commands.filter((command) => !stats.includes(`cmdstat_${command}:`));
    expect(unused).toEqual([]);
    expect(commands.length).toBeGreaterThan(30);
  });
});
