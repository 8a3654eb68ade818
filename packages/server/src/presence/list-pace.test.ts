// A client in many large rooms gets their lists as fast as it reads. All at once they would be many times
// `limits.maxBufferedBytes`: a client that does not read made the server keep them, and one on a slow line was closed with
// 4008 by the next message, at each of its attempts.
import { afterEach, describe, expect, it } from "vitest";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { TestSystem } from "../../test/test-system.ts";

const KIB = 1_024;
const USERS = 60;
const ROOMS = Array.from({ length: 30 }, (_, n) => `room-${String(n)}`);
/** The list of a room has about 48 KiB. */
const IMAGE = `https://example.com/${"i".repeat(750)}`;

let system: TestSystem;
/** How much the last user that entered got in each write. */
let bytesOfWrites: Map<number, number>;

afterEach(() => system.expectToEndCleanly());

async function fill(): Promise<void> {
  system = new TestSystem({ authorize: () => true, limits: { slowBytes: 128 * KIB } });
  for (let n = 0; n < USERS; n++) await enter(`user-${String(n)}`);
  await system.clock.advance(5_000);
}

/** Connects a user who is in all rooms. */
async function enter(id: string, waiting = 0): Promise<FakeSocket> {
  const clientId = id.padEnd(22, "_");
  const headers = new Headers({ "sec-websocket-protocol": "halyard.v1" });
  const request = { url: `/ws?c=${clientId}&a=1`, headers };
  const ws = await system.upgrade({ id, name: id, image: IMAGE }, request);
  ws.bufferedAmount = waiting;
  const bytes = (bytesOfWrites = new Map<number, number>());
  ws.onSend = (text) => bytes.set(ws.writes, (bytes.get(ws.writes) ?? 0) + text.length);
  await system.say(ws, { type: "hello", clientId, attempt: 1, positions: [], rooms: ROOMS });
  return ws;
}

const listedRooms = (ws: FakeSocket): Set<unknown> =>
  new Set(ws.received("user_list").map(({ room }) => room));

describe("the lists of many rooms", () => {
  it("come as fast as the client reads: no more at once than a slow reader may have waiting", async () => {
    await fill();
    const ws = await enter("eve");
    for (let n = 0; n < 100 && listedRooms(ws).size <= ROOMS.length; n++) await system.clock.advance(10);
    expect(listedRooms(ws).size).toBe(ROOMS.length + 1);
    expect(Math.max(...bytesOfWrites.values())).toBeLessThan(256 * KIB);
  });

  it("wait for a client that does not read, and then hold what has happened meanwhile", async () => {
    await fill();
    const ws = await enter("eve", 200 * KIB);
    await system.clock.advance(1_000);
    expect(ws.received("user_list")).toEqual([]);
    const late = await enter("late");
    await system.clock.advance(1_000);
    expect(ws.received("user_joined")).toEqual([]);
    ws.bufferedAmount = 0;
    await system.clock.advance(5_000);
    const lists = ws.received("user_list");
    expect(lists).toHaveLength(ROOMS.length + 1);
    for (const { total } of lists) expect(total).toBe(USERS + 2);
    await system.drop(late, 1_000);
    await system.clock.advance(1_000);
    expect(ws.received("user_left")).toHaveLength(ROOMS.length + 1);
  });
});
