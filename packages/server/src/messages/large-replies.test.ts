// A client that sends many requests at once gets large replies as fast as it reads them.
import { defineProtocol, request } from "@halyard/protocol";
import { afterEach, expect, it } from "vitest";
import { z } from "zod";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";

const KIB = 1_024;
const protocol = defineProtocol({ requests: { load: request({ input: z.void(), output: z.string() }) } });

let system: TestSystem<typeof protocol>;
let ran = 0;

afterEach(() => system.expectToEndCleanly());

/** Connects a client, and sends 40 requests in one turn, each of which is answered with 100 KiB in the same turn. */
async function ask(waiting: number): Promise<FakeSocket> {
  system = new TestSystem({ protocol, builtIns: { presence: false } });
  ran = 0;
  system.handlers.onRequest("load", () => {
    ran++;
    return "x".repeat(100 * KIB);
  });
  const headers = new Headers({ "sec-websocket-protocol": "halyard.v1" });
  const ws = await system.upgrade({ id: "ada" }, { url: `/ws?c=${"ada".padEnd(22, "_")}&a=1`, headers });
  await system.say(ws, { type: "hello", clientId: "ada".padEnd(22, "_"), attempt: 1 });
  for (let n = 1; n <= 40; n++) system.hand(ws, { type: "request", name: "load", $: { id: String(n) } });
  // What the first write leaves unread.
  system.clock.flush();
  ws.bufferedAmount = waiting;
  return ws;
}

const answered = (ws: FakeSocket): unknown[] => ws.received("reply").map(({ $ }) => $?.re);

it("replies of one turn are at most those of 256 KiB and one more, until the client has read them", async () => {
  const ws = await ask(300 * KIB);
  await system.clock.advance(2_000);
  expect(answered(ws)).toEqual(["1", "2", "3"]);
  ws.bufferedAmount = 0;
  await system.clock.advance(2_000);
  expect(answered(ws)).toEqual(Array.from({ length: 40 }, (_, n) => String(n + 1)));
});

it("requests that wait for a client to read end with its connection", async () => {
  const ws = await ask(300 * KIB);
  await system.drop(ws);
  await system.clock.advance(2_000);
  expect(answered(ws)).toEqual(["1", "2", "3"]);
});

it("requests that wait for a client to read do not run when the node is closed", async () => {
  await ask(300 * KIB);
  await system.expectToEndCleanly();
  await system.clock.advance(2_000);
  expect(ran).toBe(3);
});
