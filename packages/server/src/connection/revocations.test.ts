import { describe, expect, it } from "vitest";
import { FakeSocket, fakeTransport } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";
import { isRejection } from "../handshake/admission.ts";
import type { AcceptedUpgrade } from "../handshake/admission.ts";

async function upgrade({ internals }: TestSystem, session: string): Promise<AcceptedUpgrade> {
  const request = { url: "/ws", remoteAddress: "127.0.0.1", headers: new Headers() };
  const identity = { user: { id: "ada" }, session: { id: session } };
  const answer = await internals.upgrades.handleUpgrade(request, () => identity);
  if (isRejection(answer)) throw new Error(String(answer.status));
  return answer;
}

function open({ internals }: TestSystem, { data, details }: AcceptedUpgrade): FakeSocket {
  const ws = new FakeSocket(data);
  internals.opener.open(ws, { ...details, transport: fakeTransport });
  return ws;
}

describe("Revocations", () => {
  it("close a connection whose session ended between its upgrade and its opening, and no other one", async () => {
    const system = new TestSystem();
    const upgrades = [await upgrade(system, "s1"), await upgrade(system, "s2")];
    await system.manager.disconnectSession("s1", { code: 4403, reason: "gone" });
    const sockets = upgrades.map((accepted) => open(system, accepted));
    await system.clock.settle();
    expect(sockets.map(({ closedWith }) => closedWith?.code)).toEqual([4403, undefined]);
    await system.manager.close();
  });

  it("close a connection whose user was disconnected between its upgrade and its opening", async () => {
    const system = new TestSystem();
    const early = await upgrade(system, "s1");
    await system.clock.advance(1);
    await system.manager.disconnectUser("ada");
    const late = await upgrade(system, "s1");
    const sockets = [open(system, early), open(system, late)];
    await system.clock.settle();
    expect(sockets.map(({ closedWith }) => closedWith?.code)).toEqual([4401, undefined]);
    await system.manager.close();
  });

  it("refuse with its code an upgrade that was authenticated before the mark and admitted after it", async () => {
    const system = new TestSystem();
    await system.manager.disconnectSession("s1", { code: 4403 });
    const socket = open(system, await upgrade(system, "s1"));
    await system.clock.settle();
    expect(socket.closedWith?.code).toBe(4403);
    await system.manager.close();
  });
});
