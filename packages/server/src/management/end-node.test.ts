import { defineProtocol, request } from "@halyard/protocol";
import { expect, it } from "vitest";
import { z } from "zod";
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

it.each([
  [{ windowMs: NaN }, "windowMs of drain is NaN: it must be a number, at least 0 and at most 2147483647."],
  [{ windowMs: -1 }, "windowMs of drain is -1: it must be a number, at least 0 and at most 2147483647."],
  [{ share: 25 }, "share of drain is 25: it must be a number, at least 0 and at most 1."],
  [{ share: NaN }, "share of drain is NaN: it must be a number, at least 0 and at most 1."],
])("a drain with options that cannot work rejects, and closes nothing: %j", async (options, message) => {
  const system = new TestSystem();
  const ws = await system.open("ada");
  await expect(system.manager.drain(options)).rejects.toThrow(new TypeError(message));
  expect([ws.closedWith, system.manager.health().ready]).toEqual([undefined, true]);
  await system.expectToEndCleanly();
});

it.each([NaN, -1])("a system with at most %d connections of a user is not made", (maxConnectionsPerUser) => {
  const make = (): unknown => new TestSystem({ maxConnectionsPerUser });
  const given = String(maxConnectionsPerUser);
  expect(make).toThrow(`maxConnectionsPerUser is ${given}: it must be a number, at least 0.`);
});

it("a request that waits for another one does not run when its node is closed", async () => {
  const protocol = defineProtocol({ requests: { wait: request({ input: z.int(), output: z.int() }) } });
  const system = new TestSystem({ protocol, limits: { runningRequests: 1 } });
  const ran: number[] = [];
  let release = (): void => undefined;
  system.handlers.onRequest("wait", (n) => {
    ran.push(n);
    return new Promise((resolve) => (release = () => resolve(n)));
  });
  const ws = await system.join("ada");
  for (const input of [1, 2])
    system.hand(ws, { type: "request", name: "wait", input, $: { id: String(input) } });
  await system.clock.settle();
  await system.manager.close();
  release();
  await system.clock.settle();
  expect([ran, system.clock.timers]).toEqual([[1], 0]);
});
