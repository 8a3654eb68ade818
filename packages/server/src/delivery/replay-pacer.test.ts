import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import { Connections } from "../../test/fake-connection.ts";
import type { FakeSocket } from "../../test/fake-socket.ts";
import { pushReplays } from "../channels/replay.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "./outbound-frame.ts";

const KIB = 1024;
/** A piece, one frame more, and what may wait before the next piece. */
const MOST_AT_SOCKET = (64 + 16) * KIB;

/** A connection whose socket keeps what it is sent until the test lets it out. */
class SlowLine {
  readonly clock = new FakeClock();
  readonly connections = new Connections(this.clock);
  readonly ada: Connection = this.connections.open("ada");
  most = 0;
  /** How many frames were queued, ephemeral ones aside. */
  queued = 0;

  constructor() {
    this.socket.onSend = (text) => {
      this.socket.bufferedAmount += text.length;
      this.most = Math.max(this.most, this.socket.bufferedAmount);
    };
  }

  get socket(): FakeSocket {
    return this.connections.socketOf(this.ada);
  }

  get numbers(): unknown[] {
    return this.socket.received().map(({ n }) => n);
  }

  replay(messages: number, bytes: number, first = this.queued): void {
    const entries = Array.from({ length: messages }, (_, index) => {
      const text = textOf(first + index, bytes);
      return { offset: index + 1, prev: index, at: 0, text, bytes: text.length, header: undefined };
    });
    this.queued = first + messages;
    pushReplays(this.ada, [{ channel: "all", entries, copies: { textFor: () => undefined } }]);
  }

  live(bytes: number, isEphemeral = false): void {
    this.ada.push(new OutboundFrame(textOf(isEphemeral ? "typing" : this.queued++, bytes), isEphemeral));
  }

  /** The peer reads, and the server goes on where it may. */
  async read(bytes: number): Promise<void> {
    this.socket.bufferedAmount = Math.max(0, this.socket.bufferedAmount - bytes);
    await this.clock.advance(50);
  }
}

const textOf = (n: number | string, bytes: number): string =>
  JSON.stringify({ type: "message", n, pad: "x".repeat(bytes) });
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe("a long replay", () => {
  it("goes out in pieces of 64 KiB, the next one when the socket has sent the earlier one", async () => {
    const line = new SlowLine();
    line.replay(64, 16 * KIB);
    line.clock.flush();
    expect(line.socket.bufferedAmount).toBeLessThanOrEqual(64 * KIB);
    for (let second = 0; second < 100; second++) await line.read(10 * KIB);
    expect(line.most).toBeLessThanOrEqual(MOST_AT_SOCKET);
    for (let second = 0; second < 10; second++) await line.read(KIB * KIB);
    expect(line.numbers).toEqual(upTo(64));
    expect(line.connections.closed).toEqual([]);
  });

  it("goes out in one piece a turn where the socket takes everything", () => {
    const line = new SlowLine();
    line.socket.onSend = undefined;
    line.replay(64, 16 * KIB);
    for (let turn = 0; turn < 22; turn++) line.clock.flush();
    expect(line.numbers).toEqual(upTo(64));
    expect(line.socket.writes).toBe(22);
    expect(line.clock.timers).toBe(0);
  });

  it("has a ping between two pieces, whose pong shows that the peer reads", () => {
    const line = new SlowLine();
    line.socket.onSend = undefined;
    line.replay(12, 16 * KIB);
    for (let turn = 0; turn < 10; turn++) line.clock.flush();
    expect([line.socket.writes, line.socket.pings]).toEqual([4, 3]);
    expect(line.ada.backlog?.unansweredPings).toBe(3);
  });

  it("is followed by what came behind it, in order", async () => {
    const line = new SlowLine();
    line.replay(20, 16 * KIB);
    line.clock.flush();
    for (let n = 0; n < 5; n++) line.live(100);
    line.clock.flush();
    for (let n = 0; n < 20; n++) await line.read(100 * KIB);
    expect(line.numbers).toEqual(upTo(25));
  });

  it("ends with the connection, and nothing behind it goes out", async () => {
    const line = new SlowLine();
    line.replay(20, 16 * KIB);
    line.clock.flush();
    const sent = line.numbers;
    line.live(100);
    line.ada.writer.write(line.ada);
    line.ada.writer.forget(line.ada);
    for (let n = 0; n < 20; n++) await line.read(100 * KIB);
    expect(line.numbers).toEqual(sent);
    expect(line.clock.timers).toBe(0);
  });
});

describe("what waits behind a long replay", () => {
  it("counts against the reader: above 1 MiB it is closed with 4008", () => {
    const line = new SlowLine();
    line.replay(64, 16 * KIB);
    line.clock.flush();
    for (let n = 0; n < 63; n++) line.live(16 * KIB);
    line.clock.flush();
    line.live(10);
    line.clock.flush();
    expect(line.connections.closed).toEqual([]);
    line.live(16 * KIB);
    line.clock.flush();
    line.live(10);
    line.clock.flush();
    expect(line.connections.closed).toMatchObject([{ code: 4008 }]);
  });

  it("loses its ephemeral frames above 256 KiB", async () => {
    const line = new SlowLine();
    line.replay(64, 16 * KIB);
    line.clock.flush();
    line.live(10, true);
    line.live(260 * KIB);
    line.clock.flush();
    line.live(10, true);
    for (let n = 0; n < 50; n++) await line.read(KIB * KIB);
    expect(line.numbers.filter((n) => n === "typing")).toHaveLength(1);
  });
});

const step = fc.oneof(
  fc.record({
    do: fc.constant("replay" as const),
    count: fc.integer({ min: 1, max: 40 }),
    bytes: fc.nat(9_000),
  }),
  fc.record({
    do: fc.constant("live" as const),
    count: fc.integer({ min: 1, max: 5 }),
    bytes: fc.nat(9_000),
  }),
  fc.record({ do: fc.constant("read" as const), count: fc.constant(1), bytes: fc.nat(200_000) }),
);

describe("under any order of replays, messages and reads", () => {
  it("the reader gets every frame once and in order, and little waits at the socket", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const line = new SlowLine();
        for (const { do: action, count, bytes } of steps) {
          if (action === "replay") line.replay(count, bytes);
          else if (action === "live") for (let n = 0; n < count; n++) line.live(bytes);
          else await line.read(bytes);
        }
        for (let n = 0; n < 60; n++) await line.read(KIB * KIB);
        const isClosed = line.connections.closed.length > 0;
        expect(line.numbers).toEqual(upTo(isClosed ? line.numbers.length : line.queued));
      }),
      { numRuns: 50 },
    );
  });
});
