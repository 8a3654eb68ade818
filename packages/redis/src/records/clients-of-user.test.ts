import { describe, expect, it } from "vitest";
import { HISTORY } from "../../../server/test/backplane-suite/node.ts";
import { useRedis } from "../../test/real-nodes.ts";

const redis = useRedis();
const RESULT = "x".repeat(16_000);
const CLIENTS = ["open", ...Array.from({ length: 60 }, (_, n) => `client-${String(n)}`)];
const refOf = (client: string) => ({ user: "ada", client });

async function startWithOpenClient() {
  const { backplane } = await redis.nodes.start();
  const connectionId = `${backplane.nodeId}.1`;
  await backplane.admit({ ...refOf("open"), connectionId, attempt: 1, limit: 20, policy: "reject" });
  await backplane.applyPresence([
    { op: "+", room: undefined, user: "ada", connectionId, profile: "{}", client: "open" },
  ]);
  return backplane;
}

const records = (): Promise<number> =>
  redis.server.control(async (control) => (await control.keys("halyard:client:*")).length);

describe("of a user with ever new clients", () => {
  it("the results of forty are kept, and those of an open client", async () => {
    const backplane = await startWithOpenClient();
    const begin = async (client: string) =>
      backplane.begin({ ref: refOf(client), key: "r1", digest: 1, claim: 1 });
    for (const client of CLIENTS) {
      expect(await begin(client)).toEqual({ state: "run" });
      await backplane.settle({ ref: refOf(client), key: "r1", digest: 1, claim: 1 }, RESULT);
    }
    expect(await records()).toBeLessThanOrEqual(41);
    for (const client of ["open", "client-59", "client-30"])
      expect(await begin(client)).toEqual({ state: "done", result: RESULT });
    expect(await begin("client-0")).toEqual({ state: "run" });
  });

  it("the results of forty are kept also where each send is one message, and those of an open client", async () => {
    const backplane = await startWithOpenClient();
    const send = async (client: string) =>
      backplane.publishOnce?.(
        { ref: refOf(client), key: 1, digest: 1, claim: 1 },
        { channel: "room:a", data: client, history: HISTORY, result: ["", ""] },
      );
    for (const client of CLIENTS) expect(await send(client)).toMatch(/^\d+$/);
    expect(await records()).toBeLessThanOrEqual(41);
    for (const client of ["open", "client-59", "client-30"]) expect(await send(client)).toBeUndefined();
  });
});

describe("the record of a connection that becomes another client with its hello", () => {
  const ofConnection = { user: "ada", policy: "reject", limit: 5, attempt: 1 } as const;

  async function open() {
    const { backplane } = await redis.nodes.start();
    const connectionId = `${backplane.nodeId}.1`;
    const declare = (client: string) =>
      backplane.applyPresence([
        { op: "+", room: undefined, user: "ada", connectionId, profile: "{}", client, attempt: 1, limit: 5 },
      ]);
    await backplane.admit({ ...ofConnection, client: connectionId, connectionId });
    await declare(connectionId);
    return { backplane, connectionId, declare };
  }

  const recordsWithoutEnd = (): Promise<readonly string[]> =>
    redis.server.control(async (control) => {
      const keys = await control.keys("halyard:client:*");
      const ends = await Promise.all(keys.map((key) => control.pTTL(key)));
      return keys.filter((_, index) => ends[index] === -1);
    });

  it("ends, as that of a client that has closed", async () => {
    const { backplane, connectionId } = await open();
    await backplane.admit({ ...ofConnection, client: "c", connectionId });
    expect(await recordsWithoutEnd()).toEqual(["halyard:client:3:adac"]);
    await backplane.applyPresence([{ op: "-", room: undefined, user: "ada", connectionId, graceMs: 0 }]);
    expect(await recordsWithoutEnd()).toEqual([]);
  });

  it("ends also where the hello came while Redis was away", async () => {
    const { backplane, connectionId, declare } = await open();
    await declare("c");
    await backplane.applyPresence([{ op: "-", room: undefined, user: "ada", connectionId, graceMs: 0 }]);
    expect(await recordsWithoutEnd()).toEqual([]);
  });
});
