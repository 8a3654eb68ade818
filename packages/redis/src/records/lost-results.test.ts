import { describe, expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";
import type { RedisClient } from "../common/redis-client.ts";

const redis = useRedis();
const ref = { user: "ada", client: "c" };
const PUBLICATION = {
  ...{ channel: "room:a", data: "text", history: { messages: 100, bytes: 1e6, ms: 60_000 } },
  result: ['{"off":', "}"] as const,
};

describe("a client whose results were lost with Redis' data", () => {
  it.each(["begin", "publishOnce"] as const)(
    "is not recalled until a connection that was told so calls %s: an older one that goes on tells it nothing",
    async (call) => {
      const { backplane } = await redis.nodes.start();
      const run = async (key: number, id: string, mayHaveRun = false) => {
        const work = { ref, key, digest: 1, claim: key, connection: { id }, mayHaveRun };
        if (call === "begin") return (await backplane.begin(work)).state;
        return (await backplane.publishOnce?.(work, PUBLICATION)) === undefined ? "not new" : "run";
      };
      await backplane.admit({ ...ref, connectionId: "a.1", attempt: 1, limit: 20, policy: "reject" });
      expect(await run(1, "a.1")).toBe("run");
      await redis.server.control((client) => client.flushAll());
      expect(await run(2, "a.1")).toBe("run");
      expect(await run(3, "a.1", true)).toBe(call === "begin" ? "forgotten" : "not new");
      // The welcome of this one is lost, and the first one goes on meanwhile.
      expect(await backplane.recall?.(ref, "a.2")).toBe(undefined);
      expect(await run(3, "a.1")).toBe("run");
      expect(await backplane.recall?.(ref, "a.3")).toBe(undefined);
      expect(await run(5, "a.3", true)).toBe("run");
      expect(await backplane.recall?.(ref, "a.4")).toEqual({ lastSeq: 5, requests: [] });
    },
  );

  it("is recalled with what it has had begun, until Redis loses that", async () => {
    const { backplane } = await redis.nodes.start();
    await backplane.admit({ ...ref, connectionId: "a.1", attempt: 1, limit: 20, policy: "reject" });
    const connection = { id: "a.1" };
    for (const key of [1, 2, "r1", "a request"]) await backplane.begin({ ref, key, digest: 1, connection });
    expect(await backplane.recall?.(ref, "a.2")).toEqual({ lastSeq: 2, requests: ["r1", "a request"] });
    await redis.server.control((client) => client.flushAll());
    expect(await backplane.recall?.(ref, "a.3")).toBe(undefined);
  });
});

describe("a publish that waits for its answer while Redis is restarted without its data", () => {
  it.each(["publish", "publishOnce"] as const)(
    "is not made again by %s, and its outcome is unknown",
    async (call) => {
      const { backplane } = await redis.nodes.start();
      const { channel, data, history } = PUBLICATION;
      await backplane.admit({ ...ref, connectionId: "a.1", attempt: 1, limit: 20, policy: "reject" });
      await backplane.publish(channel, "before", { history });
      await redis.server.control((client) => client.sendCommand(["CLIENT", "PAUSE", "60000", "WRITE"]));
      const published =
        call === "publish"
          ? backplane.publish(channel, data, { history })
          : backplane.publishOnce?.({ ref, key: 1, digest: 1, connection: { id: "a.1" } }, PUBLICATION);
      const outcome = Promise.resolve(published).catch((error: unknown) => error);
      await new Promise((resolve) => setImmediate(resolve));
      await redis.server.kill();
      await redis.server.start();
      expect(await outcome).toMatchObject({ code: "unavailable" });
      expect(await outcome).not.toHaveProperty("hasNoEffect");
      expect(await backplane.read(channel, { after: 0, limit: 10 })).toMatchObject({ entries: [] });
    },
  );
});

/** Loses the answers to scripts while it is active, until the connection counts as lost. */
class LostAnswers {
  isActive = false;
  readonly #sent = Promise.withResolvers<unknown>();
  readonly #lost = Promise.withResolvers<never>();

  readonly wrap = (client: RedisClient): RedisClient => {
    const send = client.sendCommand.bind(client);
    const sendCommand = (args: readonly string[]): Promise<unknown> => {
      if (!this.isActive || args[0] !== "EVALSHA") return send(args);
      this.isActive = false;
      this.#sent.resolve(send(args));
      return this.#lost.promise;
    };
    return Object.assign(client, { sendCommand });
  };

  /** Resolves when Redis has run the script. */
  get hasRun(): Promise<unknown> {
    return this.#sent.promise;
  }

  lose(): void {
    this.#lost.reject(new Error("the connection was lost"));
  }
}

describe("a publish whose answer is lost with the connection, while Redis is restarted with its data", () => {
  it.each([{}, { idempotencyKey: "k" }])("has the position at which it is stored, once: %j", async (key) => {
    const answers = new LostAnswers();
    const { backplane } = await redis.nodes.start({ wrap: answers.wrap });
    const { channel, data, history } = PUBLICATION;
    await backplane.publish(channel, "before", { history });
    answers.isActive = true;
    const published = backplane.publish(channel, data, { history, ...key });
    await answers.hasRun;
    await redis.server.control((client) => client.sendCommand(["SAVE"]));
    await redis.server.kill();
    await redis.server.start();
    answers.lose();
    const { position } = await published;
    const { entries, epoch } = await backplane.read(channel, { after: 0, limit: 10 });
    expect(entries.map((entry) => entry.data)).toEqual(["before", data]);
    expect(position).toEqual({ epoch, off: entries[1]?.offset });
    redis.server.forget();
  });
});
