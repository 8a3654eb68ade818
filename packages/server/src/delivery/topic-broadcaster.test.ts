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

const CROWD = 70;
const frame = (type: string, size = 0): OutboundFrame =>
  new OutboundFrame(JSON.stringify({ type, pad: "x".repeat(size) }));
const names = (turn: string): string[] => [1, 2, 3, 4].map((n) => `${turn}${String(n)}`);

/** Many who read one channel, on a runtime that has topics. */
class Crowd {
  readonly clock = new FakeClock();
  readonly topics = new FakeTopics();
  readonly broadcaster = new TopicBroadcaster(this.topics);
  readonly connections = new Connections(this.clock);
  readonly readers = new Subscribers();
  readonly people: Connection[] = [];

  constructor(size = CROWD) {
    for (let n = 0; n < size; n++) this.enter();
  }

  enter(): Connection {
    const transport = { ...fakeTransport, groupBroadcast: this.broadcaster };
    const connection = this.connections.open(String(this.people.length), { transport });
    this.people.push(connection);
    this.readers.add(connection);
    return connection;
  }

  person(index: number): Connection {
    const person = this.people[index];
    if (person === undefined) throw new RangeError(`nobody is ${String(index)}`);
    return person;
  }

  say(...types: readonly string[]): void {
    for (const type of types) this.readers.broadcast(frame(type), "all");
  }

  /** A whole turn. */
  turn(name: string): void {
    this.say(...names(name));
    this.clock.flush();
  }

  heard(index: number): string {
    return this.connections.socketOf(this.person(index)).types.join(" ");
  }

  /** How many different things people have heard, and the one that most have. */
  get all(): string[] {
    return [...new Set(this.people.map((_, index) => this.heard(index)))];
  }
}

const turns = (...these: readonly string[]): string => these.flatMap(names).join(" ");

describe("what many hear in one turn", () => {
  it("is published once per frame, from the second time on", () => {
    const crowd = new Crowd();
    crowd.turn("a");
    expect(crowd.topics.published).toBe(0);
    crowd.turn("b");
    crowd.turn("c");
    expect(crowd.topics.published).toBe(8);
    expect(crowd.all).toEqual([turns("a", "b", "c")]);
  });

  it.each([
    ["fewer than 64 readers", new Crowd(63), (crowd: Crowd) => crowd.turn("b")],
    ["fewer than 4 frames", new Crowd(), (crowd: Crowd) => crowd.say("1", "2", "3")],
    [
      "more than 64 KiB",
      new Crowd(),
      ({ readers }: Crowd) => {
        for (let n = 0; n < 4; n++) readers.broadcast(frame("large", 20_000));
      },
    ],
  ])("is written to each when it is for %s", (_, crowd, say) => {
    for (let n = 0; n < 3; n++) {
      say(crowd);
      crowd.clock.flush();
    }
    expect(crowd.topics.published).toBe(0);
    expect(crowd.all).toHaveLength(1);
  });

  it("reaches by itself who was told something besides, in order, and who comes later", () => {
    const crowd = new Crowd();
    crowd.turn("a");
    crowd.say("b1", "b2");
    crowd.person(7).push(frame("own"));
    crowd.say("b3", "b4");
    crowd.clock.flush();
    expect(crowd.topics.published).toBe(4);
    expect(crowd.heard(7)).toBe(`${turns("a")} b1 b2 own b3 b4`);
    crowd.enter();
    crowd.turn("c");
    crowd.turn("d");
    expect(crowd.topics.published).toBe(12);
    expect(crowd.heard(CROWD)).toBe(turns("c", "d"));
    expect(crowd.heard(7)).toBe(`${turns("a")} b1 b2 own b3 b4 ${turns("c", "d")}`);
    expect(crowd.heard(0)).toBe(turns("a", "b", "c", "d"));
  });

  it("reaches by itself whoever has not read what was written before", () => {
    const crowd = new Crowd();
    crowd.turn("a");
    const slow = crowd.connections.socketOf(crowd.person(3));
    slow.bufferedAmount = 64 * 1024 + 1;
    crowd.turn("b");
    const [topic] = crowd.topics.subscribers.values();
    expect(topic?.has(slow)).toBe(false);
    expect(crowd.all).toEqual([turns("a", "b")]);
    slow.bufferedAmount = 0;
    crowd.turn("c");
    crowd.turn("d");
    expect(topic?.has(slow)).toBe(true);
    expect(crowd.all).toEqual([turns("a", "b", "c", "d")]);
  });

  it("does not reach who reads the channel no more", () => {
    const crowd = new Crowd();
    crowd.turn("a");
    crowd.readers.delete(crowd.person(5));
    crowd.turn("b");
    expect(crowd.topics.published).toBe(0);
    expect([crowd.heard(5), crowd.heard(6)]).toEqual([turns("a"), turns("a", "b")]);
  });

  it("reaches the others as before when one has closed", () => {
    const crowd = new Crowd();
    crowd.turn("a");
    const gone = crowd.person(5);
    gone.stage = "closed";
    crowd.connections.writer.forget(gone);
    crowd.readers.delete(gone);
    crowd.turn("b");
    expect(crowd.topics.published).toBe(4);
    expect([crowd.heard(5), crowd.heard(6)]).toEqual([turns("a"), turns("a", "b")]);
  });

  it("founds topics less often when they do not last", () => {
    const crowd = new Crowd(140);
    const [odd, even] = [new Subscribers(), new Subscribers()];
    for (const [index, each] of crowd.people.entries()) (index % 2 === 0 ? even : odd).add(each);
    for (let n = 0; n < 300; n++) {
      const readers = [odd, even, crowd.readers][n % 3];
      for (let m = 0; m < 4; m++) readers?.broadcast(frame(String(n)));
      crowd.clock.flush();
    }
    expect(crowd.topics.subscribers.size).toBeLessThan(12);
    const due = (those: readonly number[]): string[] =>
      Array.from({ length: 300 }, (_, n) => n)
        .filter((n) => those.includes(n % 3))
        .flatMap((n) => Array.from({ length: 4 }, () => String(n)));
    expect(crowd.heard(0)).toBe(due([1, 2]).join(" "));
    expect(crowd.heard(1)).toBe(due([0, 2]).join(" "));
  });

  const who = fc.nat(CROWD - 1);
  const step = fc.oneof(
    fc.constant({ do: "turn" as const, who: 0 }),
    fc.record({
      do: fc.constantFrom("turn", "say", "push", "add", "delete", "slow", "quick", "flush", "close"),
      who,
    }),
  );

  it("is heard by each exactly once and in order, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const crowd = new Crowd();
        const present = new Set(crowd.people);
        const due = new Map<Connection, string[]>(crowd.people.map((each) => [each, []]));
        const promise = (...types: readonly string[]): void => {
          for (const each of present) due.get(each)?.push(...types);
        };
        for (const [index, { do: what, who: number }] of steps.entries()) {
          const [one, type] = [crowd.person(number), `${what}${String(index)}.`];
          if (what === "turn") {
            promise(...names(type));
            crowd.turn(type);
          } else if (what === "say") {
            promise(type);
            crowd.say(type);
          } else if (what === "push" && one.stage === "open") {
            due.get(one)?.push(type);
            one.push(frame(type));
          } else if (what === "add" && one.stage === "open") {
            present.add(one);
            crowd.readers.add(one);
          } else if (what === "delete" || what === "close") {
            present.delete(one);
            crowd.readers.delete(one);
            if (what === "delete") continue;
            crowd.connections.writer.write(one);
            crowd.connections.close(one, 1000);
            crowd.connections.writer.forget(one);
          } else if (what === "slow") crowd.connections.socketOf(one).bufferedAmount = 100_000;
          else if (what === "quick") crowd.connections.socketOf(one).bufferedAmount = 0;
          else if (what === "flush") crowd.clock.flush();
        }
        crowd.clock.flush();
        expect(crowd.people.map((_, index) => crowd.heard(index))).toEqual(
          crowd.people.map((each) => due.get(each)?.join(" ")),
        );
      }),
      { numRuns: 40 },
    );
  });
});
