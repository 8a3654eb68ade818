import { expect, it } from "vitest";
import { TestSystem } from "../../test/test-system.ts";
import { isRejection } from "../handshake/admission.ts";

it("an upgrade whose user is known only after the close of the node is refused, and leaves nothing", async () => {
  const system = new TestSystem();
  const request = { url: "/ws", remoteAddress: "127.0.0.1", headers: new Headers() };
  let signIn: (identity: { readonly user: { readonly id: string } }) => void = () => {};
  const authenticate = () => new Promise<Parameters<typeof signIn>[0]>((resolve) => (signIn = resolve));
  const pending = system.internals.upgrades.handleUpgrade(request, authenticate);
  await system.manager.close();
  signIn({ user: { id: "ada" } });
  const answer = await pending;
  expect(isRejection(answer) && answer.status).toBe(503);
  // The deadline of the handshake, and the line of the security log.
  await system.clock.advance(10_000);
  expect([system.clock.timers, system.errors]).toEqual([0, []]);
});

it("a socket that opens after the close of its node is closed with 1001, and leaves nothing", async () => {
  const system = new TestSystem();
  await system.manager.close();
  const ws = await system.open("ada");
  expect(ws.closedWith?.code).toBe(1001);
  expect(system.manager.getConnectionStats()).toEqual({ totalUsers: 0, totalConnections: 0 });
  expect([system.clock.timers, system.errors]).toEqual([0, []]);
});
