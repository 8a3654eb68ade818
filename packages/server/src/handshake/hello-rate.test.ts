import { afterEach, describe, expect, it } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";

let system: TestSystem;
afterEach(() => system.expectToEndCleanly());

/** A connection without its hello, whose user has used up the rate on another connection. */
async function openAboveRate(): Promise<FakeSocket> {
  system = new TestSystem({ limits: { userMessageBurst: 20, messageBurst: 40 } });
  const other = await system.join("ada");
  for (let n = 0; n < 30; n++) system.hand(other, { type: "ping", $: { id: "p" } });
  await system.clock.settle();
  expect(other.received("error")).toMatchObject(Array(11).fill({ code: "rate_limited" }));
  return system.openV1("ada");
}

function sayHello(ws: FakeSocket, clientId: string): void {
  system.hand(ws, { type: "hello", clientId, attempt: 1 });
}

describe("a hello above the rate of its user, which another connection has used up", () => {
  it("is answered once the rate allows it, and what follows it comes behind it", async () => {
    const ws = await openAboveRate();
    sayHello(ws, "client-of-the-second-tab");
    for (let seq = 1; seq <= 3; seq++)
      system.hand(ws, { type: "chat_message", content: String(seq), $: { seq } });
    await system.clock.settle();
    expect(ws.types).toEqual([]);
    await system.clock.advance(100);
    expect(ws.received("error")).toEqual([]);
    expect(ws.types[0]).toBe("welcome");
    expect(ws.received("reply").map(({ $ }) => $?.re)).toEqual([1, 2, 3]);
  });

  it("pays for its frame: a second one waits longer", async () => {
    const first = await openAboveRate();
    const second = await system.openV1("ada");
    sayHello(first, "client-of-the-second-tab");
    sayHello(second, "client-of-the-third-tab");
    await system.clock.advance(10);
    expect([first.types[0], second.types[0]]).toEqual(["welcome", undefined]);
    await system.clock.advance(10);
    expect(second.types[0]).toBe("welcome");
  });

  it("is dropped with its connection", async () => {
    const ws = await openAboveRate();
    sayHello(ws, "client-of-the-second-tab");
    await system.drop(ws);
    await system.clock.advance(100);
    expect(ws.types).toEqual([]);
  });

  it("leaves a frame that is no hello its warning, and the connection its time for the hello", async () => {
    const ws = await openAboveRate();
    system.hand(ws, { type: "ping", $: { id: "p" } });
    await system.clock.advance(100);
    expect(ws.received("error")).toMatchObject([{ code: "conflict", $: { re: "p" } }]);
    await system.clock.advance(10_000);
    expect(ws.closedWith).toMatchObject({ code: 4010 });
  });
});
