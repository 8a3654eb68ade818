import { expect, it } from "vitest";
import { useRedis } from "../../test/real-nodes.ts";

const redis = useRedis();
const RESULT = "x".repeat(16_000);
const refOf = (client: string) => ({ user: "ada", client });

it("of a user with ever new clients the results of forty are kept, and those of an open client", async () => {
  const { backplane } = await redis.nodes.start();
  const connectionId = `${backplane.nodeId}.1`;
  await backplane.admit({ ...refOf("open"), connectionId, attempt: 1, limit: 20, policy: "reject" });
  await backplane.applyPresence([
    { op: "+", room: undefined, user: "ada", connectionId, profile: "{}", client: "open" },
  ]);
  const begin = async (client: string) =>
    backplane.begin({ ref: refOf(client), key: "r1", digest: 1, claim: 1 });
  const clients = ["open", ...Array.from({ length: 60 }, (_, n) => `client-${String(n)}`)];
  for (const client of clients) {
    expect(await begin(client)).toEqual({ state: "run" });
    await backplane.settle({ ref: refOf(client), key: "r1", digest: 1, claim: 1 }, RESULT);
  }
  const keys = await redis.server.control((control) => control.keys("halyard:client:*"));
  expect(keys.length).toBeLessThanOrEqual(41);
  for (const client of ["open", "client-59", "client-30"])
    expect(await begin(client)).toEqual({ state: "done", result: RESULT });
  expect(await begin("client-0")).toEqual({ state: "run" });
});
