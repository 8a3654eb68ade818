import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Connections } from "../../test/fake-connection.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { fakeTransport } from "../../test/fake-socket.ts";
import { FakeTopics } from "../../test/fake-topics.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "./outbound-frame.ts";
import { Subscribers } from "../channels/subscribers.ts";
import { TopicBroadcaster } from "./topic-broadcaster.ts";

const SIZE = 70;
const frame = (type: string, size = 0): OutboundFrame =>
  new OutboundFrame(JSON.stringify({ type, pad: "x".repeat(size) }));
const names = (turn: string): string[] => [1, 2, 3, 4].map((n) => `${turn}${String(n)}`);

/** The subscribers of one channel, on a runtime with topics. */
class Audience {
  readonly clock = new FakeClock();
  readonly topics: FakeTopics;
  readonly broadcaster: TopicBroadcaster;
  readonly connections = new Connections(this.clock);
  readonly subscribers = new Subscribers();
  readonly members: Connection[] = [];

  constructor(size = SIZE, topics = new FakeTopics(), name?: string) {
    this.topics = topics;
    this.broadcaster = new TopicBroadcaster(topics, name);
    for (let n = 0; n < size; n++) this.subscribe();
  }

  subscribe(): Connection {
    const transport = { ...fakeTransport, groupBroadcast: this.broadcaster };
    const connection = this.connections.open(String(this.members.length), { transport });
    this.members.push(connection);
    this.subscribers.add(connection);
    return connection;
  }

  member(index: number): Connection {
    const member = this.members[index];
    if (member === undefined) throw new RangeError(`no member ${String(index)}`);
    return member;
  }

  broadcast(...types: readonly string[]): void {
    for (const type of types) this.subscribers.broadcast(frame(type), "all");
  }

  /** A whole turn. */
  turn(name: string): void {
    this.broadcast(...names(name));
    this.clock.flush();
  }

  received(index: number): string {
    return this.connections.socketOf(this.member(index)).types.join(" ");
  }

  /** The different sequences of frames that members have received. */
  get distinctSequences(): string[] {
    return [...new Set(this.members.map((_, index) => this.received(index)))];
  }
}

const turns = (...these: readonly string[]): string => these.flatMap(names).join(" ");

describe("TopicBroadcaster", () => {
  it("publishes each frame once, from the second turn with the same subscribers on", () => {
    const audience = new Audience();
    audience.turn("a");
    expect(audience.topics.published).toBe(0);
    audience.turn("b");
    audience.turn("c");
    expect(audience.topics.published).toBe(8);
    expect(audience.distinctSequences).toEqual([turns("a", "b", "c")]);
  });

  it("shares no topic with another system on the same server [s-H2]", () => {
    const topics = new FakeTopics();
    const [a, b] = [new Audience(SIZE, topics, "a"), new Audience(SIZE, topics, "b")];
    for (const name of ["1", "2", "3"]) {
      a.turn(`a${name}`);
      b.turn(`b${name}`);
    }
    expect(topics.published).toBe(16);
    expect(a.distinctSequences).toEqual([turns("a1", "a2", "a3")]);
    expect(b.distinctSequences).toEqual([turns("b1", "b2", "b3")]);
  });

  it.each([
    ["fewer than 64 subscribers", new Audience(63), (audience: Audience) => audience.turn("b")],
    ["fewer than 4 frames", new Audience(), (audience: Audience) => audience.broadcast("1", "2", "3")],
    [
      "more than 64 KiB",
      new Audience(),
      ({ subscribers }: Audience) => {
        for (let n = 0; n < 4; n++) subscribers.broadcast(frame("large", 20_000));
      },
    ],
  ])("writes to each connection by itself for %s", (_, audience, broadcast) => {
    for (let n = 0; n < 3; n++) {
      broadcast(audience);
      audience.clock.flush();
    }
    expect(audience.topics.published).toBe(0);
    expect(audience.distinctSequences).toHaveLength(1);
  });

  it("writes to a connection with another frame by itself and in order, and to a new subscriber as well", () => {
    const audience = new Audience();
    audience.turn("a");
    audience.broadcast("b1", "b2");
    audience.member(7).push(frame("own"));
    audience.broadcast("b3", "b4");
    audience.clock.flush();
    expect(audience.topics.published).toBe(4);
    expect(audience.received(7)).toBe(`${turns("a")} b1 b2 own b3 b4`);
    audience.subscribe();
    audience.turn("c");
    audience.turn("d");
    expect(audience.topics.published).toBe(12);
    expect(audience.received(SIZE)).toBe(turns("c", "d"));
    expect(audience.received(7)).toBe(`${turns("a")} b1 b2 own b3 b4 ${turns("c", "d")}`);
    expect(audience.received(0)).toBe(turns("a", "b", "c", "d"));
  });

  it("writes to a connection by itself while it has more than 64 KiB buffered", () => {
    const audience = new Audience();
    audience.turn("a");
    const slow = audience.connections.socketOf(audience.member(3));
    slow.bufferedAmount = 64 * 1024 + 1;
    audience.turn("b");
    const [topic] = audience.topics.subscribers.values();
    expect(topic?.has(slow)).toBe(false);
    expect(audience.distinctSequences).toEqual([turns("a", "b")]);
    slow.bufferedAmount = 0;
    audience.turn("c");
    audience.turn("d");
    expect(topic?.has(slow)).toBe(true);
    expect(audience.distinctSequences).toEqual([turns("a", "b", "c", "d")]);
  });

  it("sends nothing to a connection that no longer subscribes to the channel", () => {
    const audience = new Audience();
    audience.turn("a");
    audience.subscribers.delete(audience.member(5));
    audience.turn("b");
    expect(audience.topics.published).toBe(0);
    expect([audience.received(5), audience.received(6)]).toEqual([turns("a"), turns("a", "b")]);
  });

  it("publishes to the other connections as before when one has closed", () => {
    const audience = new Audience();
    audience.turn("a");
    const closed = audience.member(5);
    closed.stage = "closed";
    audience.connections.writer.forget(closed);
    audience.subscribers.delete(closed);
    audience.turn("b");
    expect(audience.topics.published).toBe(4);
    expect([audience.received(5), audience.received(6)]).toEqual([turns("a"), turns("a", "b")]);
  });

  it("creates topics less often when they do not last", () => {
    const audience = new Audience(140);
    const [odd, even] = [new Subscribers(), new Subscribers()];
    for (const [index, each] of audience.members.entries()) (index % 2 === 0 ? even : odd).add(each);
    for (let n = 0; n < 300; n++) {
      const subscribers = [odd, even, audience.subscribers][n % 3];
      for (let m = 0; m < 4; m++) subscribers?.broadcast(frame(String(n)));
      audience.clock.flush();
    }
    expect(audience.topics.subscribers.size).toBeLessThan(12);
    const due = (those: readonly number[]): string[] =>
      Array.from({ length: 300 }, (_, n) => n)
        .filter((n) => those.includes(n % 3))
        .flatMap((n) => Array.from({ length: 4 }, () => String(n)));
    expect(audience.received(0)).toBe(due([1, 2]).join(" "));
    expect(audience.received(1)).toBe(due([0, 2]).join(" "));
  });

  const memberIndex = fc.nat(SIZE - 1);
  const step = fc.oneof(
    fc.constant({ do: "turn" as const, memberIndex: 0 }),
    fc.record({
      do: fc.constantFrom("turn", "broadcast", "push", "add", "delete", "slow", "quick", "flush", "close"),
      memberIndex,
    }),
  );

  it("delivers each frame exactly once and in order, whatever the connections do", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const audience = new Audience();
        const present = new Set(audience.members);
        const due = new Map<Connection, string[]>(audience.members.map((each) => [each, []]));
        const promise = (...types: readonly string[]): void => {
          for (const each of present) due.get(each)?.push(...types);
        };
        for (const [index, { do: what, memberIndex: number }] of steps.entries()) {
          const [one, type] = [audience.member(number), `${what}${String(index)}.`];
          if (what === "turn") {
            promise(...names(type));
            audience.turn(type);
          } else if (what === "broadcast") {
            promise(type);
            audience.broadcast(type);
          } else if (what === "push" && one.stage === "open") {
            due.get(one)?.push(type);
            one.push(frame(type));
          } else if (what === "add" && one.stage === "open") {
            present.add(one);
            audience.subscribers.add(one);
          } else if (what === "delete" || what === "close") {
            present.delete(one);
            audience.subscribers.delete(one);
            if (what === "delete") continue;
            audience.connections.writer.write(one);
            audience.connections.close(one, 1000);
            audience.connections.writer.forget(one);
          } else if (what === "slow") audience.connections.socketOf(one).bufferedAmount = 100_000;
          else if (what === "quick") audience.connections.socketOf(one).bufferedAmount = 0;
          else if (what === "flush") audience.clock.flush();
        }
        audience.clock.flush();
        expect(audience.members.map((_, index) => audience.received(index))).toEqual(
          audience.members.map((each) => due.get(each)?.join(" ")),
        );
      }),
      { numRuns: 40 },
    );
  });
});
