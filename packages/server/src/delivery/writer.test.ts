import { describe, expect, it } from "vitest";
import { Connections } from "../../test/fake-connection.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { fakeTransport } from "../../test/fake-socket.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "./outbound-frame.ts";
import { pushReplays } from "../channels/replay.ts";
import type { Batch } from "./outbound-frame.ts";

const KIB = 1024;
const text = (name: string, size = 0): string => JSON.stringify({ type: name, pad: "x".repeat(size) });
const frame = (name: string, size = 0): OutboundFrame => new OutboundFrame(text(name, size));
const typing = new OutboundFrame(text("typing"), true);

function create(): { connections: Connections; clock: FakeClock; ada: Connection; bea: Connection } {
  const clock = new FakeClock();
  const connections = new Connections(clock);
  return { connections, clock, ada: connections.open("ada"), bea: connections.open("bea") };
}

describe("Writer", () => {
  it("writes nothing before the turn ends, and then all frames in one write per connection", () => {
    const { connections, clock, ada, bea } = create();
    for (const name of ["a", "b", "c"]) ada.push(frame(name));
    bea.push(frame("d"));
    expect(connections.socketOf(ada).writes).toBe(0);
    clock.flush();
    expect(connections.socketOf(ada).types).toEqual(["a", "b", "c"]);
    expect([ada, bea].map((each) => connections.socketOf(each).writes)).toEqual([1, 1]);
  });

  it("writes in the next turn only to connections with a new frame", () => {
    const { connections, clock, ada, bea } = create();
    ada.push(frame("a"));
    clock.flush();
    bea.push(frame("b"));
    clock.flush();
    clock.flush();
    expect([ada, bea].map((each) => connections.socketOf(each).writes)).toEqual([1, 1]);
  });

  it("gives the same batch to all connections that get the same frames", () => {
    const { connections, clock } = create();
    const batches: Batch[] = [];
    const transport = { ...fakeTransport, write: (_: unknown, batch: Batch) => batches.push(batch) > 0 };
    const subscribers = ["1", "2", "3"].map((id) => connections.open(id, { transport }));
    for (const each of [frame("a"), frame("b")]) for (const reader of subscribers) reader.push(each);
    clock.flush();
    expect(batches).toHaveLength(3);
    expect(new Set(batches).size).toBe(1);
  });

  it("writes frames that are queued during a write in the next turn", () => {
    const { connections, clock, ada, bea } = create();
    connections.socketOf(ada).onSend = () => {
      bea.push(frame("in answer"));
    };
    ada.push(frame("a"));
    bea.push(frame("b"));
    clock.flush();
    clock.flush();
    expect(connections.socketOf(bea).types).toEqual(["b", "in answer"]);
  });

  it("writes nothing to a socket that is no longer open, and keeps no frame for it", () => {
    const { connections, clock, ada } = create();
    connections.socketOf(ada).readyState = 2;
    ada.push(frame("a"));
    clock.flush();
    expect(connections.socketOf(ada).writes).toBe(0);
    expect(ada.batch).toBe(connections.writer.empty);
    ada.stage = "closed";
    ada.push(frame("b"));
    expect(ada.batch).toBe(connections.writer.empty);
  });

  it("closes a connection whose socket throws, and writes to the others as before", () => {
    const { connections, clock, ada, bea } = create();
    connections.socketOf(ada).failure = new Error("broken");
    ada.push(frame("a"));
    bea.push(frame("a"));
    clock.flush();
    expect(connections.closed).toEqual([{ id: "ada", code: 1011, reason: "" }]);
    expect(connections.socketOf(bea).types).toEqual(["a"]);
  });

  it("closes a connection with 4008 when its transport has lost a frame, so that the client resumes", () => {
    const { connections, clock } = create();
    const transport = { ...fakeTransport, write: () => false };
    connections.open("full", { transport }).push(frame("a"));
    clock.flush();
    expect(connections.closed).toMatchObject([{ id: "full", code: 4008 }]);
  });
});

describe("Writer on a slow reader", () => {
  it("drops ephemeral frames, and no others, while more than 256 KiB are buffered", () => {
    const { connections, clock, ada, bea } = create();
    connections.socketOf(ada).bufferedAmount = 256 * KIB + 1;
    connections.socketOf(bea).bufferedAmount = 256 * KIB;
    for (const each of [ada, bea]) for (const sent of [frame("a"), typing, frame("b")]) each.push(sent);
    clock.flush();
    expect(connections.socketOf(ada).types).toEqual(["a", "b"]);
    expect(connections.socketOf(bea).types).toEqual(["a", "typing", "b"]);
  });

  it("closes a slow reader with 4008 and a retry time when more than 1 MiB is buffered", () => {
    const { connections, clock, ada, bea } = create();
    connections.socketOf(ada).bufferedAmount = KIB * KIB + 1;
    connections.socketOf(bea).bufferedAmount = KIB * KIB;
    for (const each of [ada, bea]) each.push(frame("a"));
    clock.flush();
    expect(connections.closed).toEqual([
      { id: "ada", code: 4008, reason: expect.stringMatching(/^retryAfterMs=\d{3,4}$/) as string },
    ]);
    expect(connections.socketOf(ada).writes).toBe(0);
    expect(connections.socketOf(bea).writes).toBe(1);
  });

  describe("that receives a replay", () => {
    /** Less than is sent in pieces. */
    const replay = Array.from({ length: 3 }, (_, n) => ({
      offset: n,
      prev: n - 1,
      at: 0,
      text: frame("replayed", 16 * KIB).text,
      bytes: 16 * KIB,
      header: undefined,
    }));
    const size = replay.reduce((sum, entry) => sum + entry.text.length, 0);

    /** A connection whose socket has a whole replay buffered. */
    function replaying(): ReturnType<typeof create> {
      const parts = create();
      pushReplays(parts.ada, [{ channel: "all", entries: replay, copies: { textFor: () => undefined } }]);
      parts.clock.flush();
      parts.connections.socketOf(parts.ada).bufferedAmount = size;
      return parts;
    }

    it("does not count the buffered bytes of the replay", () => {
      const { connections, clock, ada } = replaying();
      ada.push(typing);
      clock.flush();
      connections.socketOf(ada).bufferedAmount = size + 256 * KIB;
      ada.push(typing);
      clock.flush();
      expect(connections.socketOf(ada).received("typing")).toHaveLength(2);
    });

    it("counts the bytes that are buffered besides the replay", () => {
      const { connections, clock, ada } = replaying();
      connections.socketOf(ada).bufferedAmount = size + 256 * KIB + 1;
      ada.push(typing);
      clock.flush();
      expect(connections.socketOf(ada).received("typing")).toHaveLength(0);
      connections.socketOf(ada).bufferedAmount = size + KIB * KIB + 1;
      ada.push(frame("a"));
      clock.flush();
      expect(connections.closed).toMatchObject([{ code: 4008 }]);
    });

    it("discounts no replayed bytes that were read already", () => {
      const { connections, clock, ada } = replaying();
      connections.socketOf(ada).bufferedAmount = 10;
      ada.push(frame("a"));
      clock.flush();
      connections.socketOf(ada).bufferedAmount = 256 * KIB + 11;
      ada.push(typing);
      clock.flush();
      expect(connections.socketOf(ada).received("typing")).toHaveLength(0);
    });
  });
});

describe("Connection.skip", () => {
  const skips = (connections: Connections, connection: Connection): unknown[] =>
    connections.received(connection).map(({ type, $ }) => [type, $?.ch, $?.off]);

  it("sends the last skip of each channel and turn", () => {
    const { connections, ada } = create();
    for (const offset of [1, 2, 3]) ada.skip("all", offset);
    ada.skip("room:a", 9);
    expect(skips(connections, ada)).toEqual([
      ["skip", "all", 3],
      ["skip", "room:a", 9],
    ]);
    expect(skips(connections, ada)).toEqual([]);
  });

  it("sends no skip before a later frame of its channel, and sends it between an earlier one and a frame of another channel", () => {
    const { connections, ada } = create();
    ada.skip("all", 1);
    ada.pushFromChannel(frame("a"), "all");
    expect(skips(connections, ada)).toEqual([["a", undefined, undefined]]);
    ada.pushFromChannel(frame("a"), "all");
    ada.skip("all", 3);
    ada.pushFromChannel(frame("b"), "room:a");
    expect(connections.received(ada).map(({ type }) => type)).toEqual(["a", "skip", "b"]);
  });

  it("sends no skip to a plain client", () => {
    const { connections } = create();
    const plain = connections.open("plain", { isV1: false });
    plain.skip("all", 1);
    expect(skips(connections, plain)).toEqual([]);
  });

  it("sends a skip in one write with the other frames of the turn, also when the skip comes first", () => {
    const { connections, clock, ada } = create();
    ada.skip("all", 1);
    ada.push(frame("a"));
    clock.flush();
    expect(connections.socketOf(ada).writes).toBe(1);
  });
});
