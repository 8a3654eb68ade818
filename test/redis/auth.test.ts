// Sessions of Better Auth that end in one process, and their sockets in others: on one SQLite file and one Redis.
// The nodes look at a session by themselves once an hour only, so that what closes within seconds was told.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { channelsOf } from "../support/frame.ts";
import { p99Of } from "../support/p99.ts";
import { PASSWORD } from "../support/users.ts";
import type { SignedInUser } from "../support/users.ts";
import { Page } from "../support/v1-client.ts";
import type { V1Client } from "../support/v1-client.ts";
import { until, within } from "../support/wait.ts";
import { Accounts } from "./support/accounts.ts";
import { Cluster } from "./support/cluster.ts";
import type { ClusterNode } from "./support/cluster.ts";

/** A process that serves no sockets, two nodes that do, and their accounts. */
class Scene {
  readonly cluster: Cluster;
  readonly accounts: Accounts;
  readonly nodes: readonly [ClusterNode, ClusterNode];
  readonly file: string;

  private constructor(cluster: Cluster, file: string) {
    this.cluster = cluster;
    this.file = file;
    this.accounts = new Accounts(cluster, cluster.node(0));
    this.nodes = [cluster.node(1), cluster.node(2)];
  }

  /** @param runtime of the process without sockets and of the second node */
  static async start(runtime: Runtime): Promise<Scene> {
    const file = join(mkdtempSync(join(tmpdir(), "halyard-auth-")), "auth.db");
    const betterAuth = { file, lookUpMs: 3_600_000 };
    const cluster = await Cluster.start({ runtimes: [], betterAuth });
    // One after the other, because the first one makes the tables.
    await cluster.add(runtime, { betterAuth: { ...betterAuth, isOnlyAuth: true } });
    await cluster.add("node");
    await cluster.add(runtime);
    return new Scene(cluster, file);
  }

  async close(): Promise<void> {
    await this.cluster.close();
    rmSync(join(this.file, ".."), { recursive: true, force: true });
  }

  /** A client of this session on each node. */
  connect(user: SignedInUser): Promise<V1Client[]> {
    return Promise.all(this.nodes.map((node) => this.accounts.connect(node, user)));
  }
}

async function expectClosed(clients: readonly V1Client[], code: number): Promise<void> {
  const closes = await within(Promise.all(clients.map(({ closed }) => closed)), () => "the closes");
  expect(closes.map((close) => close.code)).toEqual(clients.map(() => code));
}

/** What closes them would have come with what closed others. */
async function expectOpen(clients: readonly V1Client[]): Promise<void> {
  for (const client of clients) expect(await client.sendAndWait({ type: "ping" })).toMatchObject({});
}

describe.each(["node", "bun"] as const)(
  "sessions that end in a process without sockets, on %s",
  (runtime) => {
    let scene: Scene;
    let root: SignedInUser;
    let phone: SignedInUser;
    let laptop: SignedInUser;
    let other: SignedInUser;
    let phones: V1Client[];
    let laptops: V1Client[];
    let others: V1Client[];
    const post = (path: string, body: object, by: SignedInUser) => scene.accounts.post(path, body, by);

    beforeAll(async () => {
      scene = await Scene.start(runtime);
      root = await scene.accounts.admin();
    });
    afterAll(() => scene.close());
    beforeEach(async () => {
      const { accounts } = scene;
      phone = await accounts.signUp();
      [laptop, other] = [await accounts.signIn(phone), await accounts.signUp()];
      [phones, laptops, others] = [
        await scene.connect(phone),
        await scene.connect(laptop),
        await scene.connect(other),
      ];
    });

    it("a sign-out closes the sockets of that session on every node, and no others [D5]", async () => {
      await post("sign-out", {}, phone);
      await expectClosed(phones, 4401);
      await expectOpen([...laptops, ...others]);
    });

    it("revokeSession and revokeOtherSessions close the other sessions of the user [D5]", async () => {
      await post("revoke-session", { token: phone.token }, laptop);
      await expectClosed(phones, 4401);
      const tablet = await scene.accounts.signIn(phone);
      const tablets = await scene.connect(tablet);
      await post("revoke-other-sessions", {}, tablet);
      await expectClosed(laptops, 4401);
      await expectOpen([...tablets, ...others]);
    });

    it("revokeSessions closes all sessions of the user, and a new one connects at once [D5]", async () => {
      await post("revoke-sessions", {}, laptop);
      await expectClosed([...phones, ...laptops], 4401);
      await expectOpen([...(await scene.connect(await scene.accounts.signIn(phone))), ...others]);
    });

    it("a password change with revokeOtherSessions closes the old sessions [D5]", async () => {
      const passwords = { currentPassword: PASSWORD, newPassword: `${PASSWORD} 2` };
      await post("change-password", { ...passwords, revokeOtherSessions: true }, laptop);
      await expectClosed([...phones, ...laptops], 4401);
      await expectOpen(others);
    });

    it("deleteUser and removeUser close the sessions of that user [D5]", async () => {
      await post("delete-user", { password: PASSWORD }, laptop);
      await expectClosed([...phones, ...laptops], 4401);
      await post("admin/remove-user", { userId: other.id }, root);
      await expectClosed(others, 4401);
    });

    it("a ban closes the user's sockets with 4403 [D5]", async () => {
      await post("admin/ban-user", { userId: phone.id }, root);
      await expectClosed([...phones, ...laptops], 4403);
      await expectOpen(others);
    });

    it("a ban forgets the rooms that the server gave, also those of a client that is not connected [D5]", async () => {
      const page = new Page();
      // Both forms of `authorize` deny this room.
      const [room, node] = ["secret", scene.nodes[0]];
      await Promise.all([...phones, ...laptops].map((client) => client.cut()));
      await until("the closes", async () => (await connectionsOf(node, phone.id)) === 0);
      const client = await scene.accounts.connect(node, phone, page);
      await node.command("join", { userId: phone.id, room });
      await client.next("joined");
      await client.cut();
      const again = await scene.accounts.connect(scene.nodes[1], phone, page);
      expect(Object.keys(channelsOf(await again.seen("welcome")))).toContain(`room:${room}`);
      await again.cut();
      await post("admin/ban-user", { userId: phone.id }, root);
      await post("admin/unban-user", { userId: phone.id }, root);
      const after = await scene.accounts.connect(node, await scene.accounts.signIn(phone), page);
      expect(Object.keys(channelsOf(await after.seen("welcome")))).not.toContain(`room:${room}`);
    });

    it("a member who is removed from an organization leaves its room on every node [D5]", async () => {
      const name = `org-${runtime}`;
      const created = await post("organization/create", { name, slug: name }, root);
      const { id: organizationId } = (await created.json()) as { id: string };
      const process = scene.cluster.node(0);
      const member = await process.command<{ id: string }>("addMember", {
        userId: other.id,
        organizationId,
      });
      const room = `members.${organizationId}`;
      for (const client of others) expect(await client.join(room)).toMatchObject({ type: "reply" });
      await post("organization/remove-member", { memberIdOrEmail: member.id, organizationId }, root);
      await Promise.all(others.map((client) => client.next({ type: "left", room })));
    });

    it("a node that serves no client yet closes the sockets of others [D5]", async () => {
      const fresh = await scene.cluster.add(runtime);
      await new Accounts(scene.cluster, fresh).post("sign-out", {}, phone);
      await expectClosed(phones, 4401);
      await expectOpen([...laptops, ...others]);
      await fresh.kill();
    });

    it("a node that was cut off closes the sockets when it is back [s-D-revoke]", async () => {
      const [, second] = scene.nodes;
      second.signal("SIGSTOP");
      try {
        await scene.cluster.redis.control(async (control) => {
          const list = await control.sendCommand<string>(["CLIENT", "LIST", "TYPE", "PUBSUB"]);
          for (const [, id = ""] of list.matchAll(/\bid=(\d+)/g))
            await control.sendCommand(["CLIENT", "KILL", "ID", id]);
        });
        await post("sign-out", {}, phone);
        await expectClosed(phones.slice(0, 1), 4401);
      } finally {
        second.signal("SIGCONT");
      }
      await expectClosed(phones.slice(1), 4401);
      await expectOpen([...laptops, ...others]);
    });

    it("a program that bans a user ends by itself, also while Redis is away [D5]", async () => {
      const program = resolve(import.meta.dirname, "../fixtures/redis-auth-script.ts");
      const run = (redis: string, userId: string) =>
        promisify(execFile)(
          binaryOf(runtime),
          [program, JSON.stringify({ file: scene.file, redis, userId })],
          {
            timeout: 30_000,
          },
        );
      expect((await run(scene.cluster.redis.url, phone.id)).stdout).toBe("banned");
      await expectClosed([...phones, ...laptops], 4403);
      expect((await run("redis://127.0.0.1:1", other.id)).stdout).toContain("banned");
      await expectOpen(others);
    });
  },
);

describe("a thousand sessions that end in a process without sockets", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.start("node");
  });
  afterAll(() => scene.close());

  it(
    "close their sockets on two nodes within a second, 99 of 100 [s-D-revoke]",
    { timeout: 180_000 },
    async () => {
      const { accounts, cluster, nodes } = scene;
      const process = cluster.node(0);
      const users = await Promise.all(Array.from({ length: 100 }, () => accounts.signUp()));
      const times: number[] = [];
      const run = async ({ id }: SignedInUser, node: ClusterNode): Promise<void> => {
        const token = await process.command<string>("createSession", { userId: id });
        const headers = { cookie: "", authorization: `Bearer ${token}` };
        const client = await cluster.open(node, id, new Page(), { headers });
        await client.hello();
        const startedAt = performance.now();
        await process.command("revokeSession", { token, turns: 0 });
        expect((await within(client.closed, () => "the close")).code).toBe(4401);
        times.push(performance.now() - startedAt);
      };
      // Eight at once: sockets open while others close.
      const queue = Array.from({ length: 1_000 }, (_, number) => number);
      const work = async (): Promise<void> => {
        for (let number = queue.pop(); number !== undefined; number = queue.pop())
          await run(users[number % users.length] ?? fail(), nodes[number % 2] ?? fail());
      };
      await Promise.all(Array.from({ length: 8 }, work));
      expect(times).toHaveLength(1_000);
      expect(p99Of(times)).toBeLessThanOrEqual(1_000);
    },
  );
});

function fail(): never {
  throw new RangeError("there is none");
}

async function connectionsOf(node: ClusterNode, userId: string): Promise<number> {
  return (await node.command<{ connections: number }>("user", { userId })).connections;
}
