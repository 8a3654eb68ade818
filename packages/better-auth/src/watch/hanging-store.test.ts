// A session store that takes calls and never answers, as a database behind a dead network does.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { upgrade } from "../../test/test-auth.ts";
import { createTimedNode } from "../../test/timed-node.ts";
import type { TimedNode } from "../../test/timed-node.ts";

describe("a session store that hangs", () => {
  let test: TimedNode["test"];
  let clock: TimedNode["clock"];
  let node: TimedNode["node"];
  let ada: TimedNode["ada"];
  let end: TimedNode["end"];

  beforeEach(async () => {
    ({ test, clock, node, ada, end } = await createTimedNode());
  });
  afterEach(() => end());

  /** Opens a connection of each of so many sessions. */
  async function openSessions(count: number) {
    const { internalAdapter } = await test.auth.$context;
    const open = async () => {
      const { token } = await internalAdapter.createSession(ada.id);
      return node.open(upgrade({ authorization: `Bearer ${token}` }));
    };
    return Promise.all(Array.from({ length: count }, open));
  }

  const passSeconds = async (seconds: number, step: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += step) await node.pass(clock, step * 1_000);
  };

  it("leaves all connections open for five minutes, more than are checked at a time, and then closes them with 1013", async () => {
    const connections = await openSessions(100);
    node.isStoreHanging = true;
    await passSeconds(295, 5);
    await passSeconds(4, 1);
    expect(connections.every(({ closedWith }) => closedWith === undefined)).toBe(true);
    await passSeconds(3, 1);
    expect(connections.every(({ closedWith }) => closedWith === 1013)).toBe(true);
    node.reads = 0;
    await passSeconds(20, 5);
    expect([node.reads, clock.timers]).toEqual([0, 0]);
  });

  it("is asked again once it answers, and a session that has ended meanwhile is closed", async () => {
    const [ended, ...others] = await openSessions(40);
    node.isStoreHanging = true;
    await passSeconds(70, 5);
    node.isStoreHanging = false;
    test.database.prepare("delete from session where id = ?").run(String(ended?.identity.session.id));
    await passSeconds(60, 5);
    expect(ended?.closedWith).toBe(4401);
    expect(others.every(({ closedWith }) => closedWith === undefined)).toBe(true);
  });

  it("lets clients in once it answers, although as many reads hang as are made at a time", async () => {
    const { internalAdapter } = await test.auth.$context;
    const authenticate = ({ token }: { readonly token: string }) =>
      node.authenticator.authenticate(upgrade({ authorization: `Bearer ${token}` }));
    node.isStoreHanging = true;
    node.reads = 0;
    const create = () => internalAdapter.createSession(ada.id);
    const sessions = await Promise.all(Array.from({ length: 32 }, create));
    const hanging = Promise.allSettled(sessions.map(authenticate));
    while (node.reads < 32) await node.pass(clock, 0);
    node.isStoreHanging = false;
    const waiting = Promise.allSettled([authenticate(ada)]);
    await node.pass(clock, 0);
    await node.pass(clock, 20_000);
    for (const outcome of [...(await hanging), ...(await waiting)])
      expect(outcome).toMatchObject({ reason: { code: "unavailable" } });
    expect(await authenticate(ada)).toMatchObject({ user: { id: ada.id } });
    expect(clock.timers).toBe(0);
  });
});
