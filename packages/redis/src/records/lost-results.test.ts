import { describe, expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";

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
      const run = async (key: number, id: string) => {
        const work = { ref, key, digest: 1, claim: key, connection: { id } };
        if (call === "begin") return (await backplane.begin(work)).state;
        return (await backplane.publishOnce?.(work, PUBLICATION)) === undefined ? "not new" : "run";
      };
      await backplane.admit({ ...ref, connectionId: "a.1", attempt: 1, limit: 20, policy: "reject" });
      expect(await run(1, "a.1")).toBe("run");
      await redis.server.control((client) => client.flushAll());
      expect(await run(2, "a.1")).toBe("run");
      // The welcome of this one is lost, and the first one goes on meanwhile.
      expect(await backplane.recall?.(ref, "a.2")).toBe(false);
      expect(await run(3, "a.1")).toBe("run");
      expect(await backplane.recall?.(ref, "a.3")).toBe(false);
      expect(await run(5, "a.3")).toBe("run");
      expect(await backplane.recall?.(ref, "a.4")).toBe(true);
    },
  );
});
