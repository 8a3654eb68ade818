import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Connections } from "../../test/fake-connection.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { fakeTransport } from "../../test/fake-socket.ts";
import type { Connection } from "../connection/connection.ts";
import { OutboundFrame } from "./outbound-frame.ts";
import type { Batch } from "./outbound-frame.ts";
import { Subscribers } from "../channels/subscribers.ts";

const frame = (type: string): OutboundFrame => new OutboundFrame(JSON.stringify({ type }));
const WHO = ["ada", "bea", "cay"] as const;

class Hall {
  readonly clock = new FakeClock();
  readonly connections = new Connections(this.clock);
  readonly readers = new Subscribers();
  readonly batches: Batch[] = [];
  readonly #transport = {
    ...fakeTransport,
    write: (...[ws, batch]: Parameters<typeof fakeTransport.write>) => {
      this.batches.push(batch);
      return fakeTransport.write(ws, batch);
    },
  };
  readonly people: readonly Connection[] = WHO.map((id) =>
    this.connections.open(id, { transport: this.#transport }),
  );

  constructor() {
    for (const each of this.people) this.readers.add(each);
  }

  person(index: number): Connection {
    const person = this.people[index];
    if (person === undefined) throw new RangeError(`nobody is ${String(index)}`);
    return person;
  }

  get heard(): string[] {
    return this.people.map((each) => this.connections.socketOf(each).types.join(" "));
  }
}

describe("a batch group", () => {
  it("gets one batch, however many frames there are", () => {
    const hall = new Hall();
    for (const type of ["a", "b", "c"]) hall.readers.broadcast(frame(type));
    hall.clock.flush();
    expect(hall.heard).toEqual(["a b c", "a b c", "a b c"]);
    expect(new Set(hall.batches).size).toBe(1);
  });

  it("is left by whoever is told something, who hears everything in order", () => {
    const hall = new Hall();
    hall.readers.broadcast(frame("a"));
    hall.person(1).push(frame("own"));
    hall.readers.broadcast(frame("b"));
    hall.clock.flush();
    expect(hall.heard).toEqual(["a b", "a own b", "a b"]);
  });

  it("gives a skip up for a later frame of its channel only", () => {
    const hall = new Hall();
    hall.readers.broadcast(frame("a"), "all");
    hall.person(0).skip("all", 2);
    hall.person(1).skip("all", 2);
    hall.person(1).skip("room:a", 1);
    hall.readers.broadcast(frame("typing"));
    hall.clock.flush();
    expect(hall.heard).toEqual(["a typing skip", "a typing skip skip", "a typing"]);
    hall.person(0).skip("all", 3);
    hall.person(1).skip("room:a", 4);
    hall.readers.broadcast(frame("b"), "all");
    hall.clock.flush();
    expect(hall.heard).toEqual(["a typing skip b", "a typing skip skip b skip", "a typing b"]);
  });

  it("says nothing to who has closed", () => {
    const hall = new Hall();
    hall.person(2).stage = "closed";
    for (const type of ["a", "b"]) hall.readers.broadcast(frame(type));
    hall.clock.flush();
    expect(hall.heard).toEqual(["a b", "a b", ""]);
  });

  it("hears what comes up while it is written to in the turn after", () => {
    const hall = new Hall();
    hall.connections.socketOf(hall.person(1)).onSend = (text) => {
      if (text.includes("a")) hall.readers.broadcast(frame("x"));
    };
    hall.readers.broadcast(frame("a"));
    hall.clock.flush();
    hall.clock.flush();
    expect(hall.heard).toEqual(["a x", "a x", "a x"]);
  });

  const who = fc.nat(2);
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom("give", "flush"), who }),
    fc.record({ do: fc.constantFrom("push", "add", "delete", "write"), who }),
  );

  it("hears what each would by itself, whoever comes, goes and is spoken to", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const hall = new Hall();
        const present = new Set(hall.people);
        const due = new Map<Connection, string[]>(hall.people.map((each) => [each, []]));
        for (const [index, { do: what, who: number }] of steps.entries()) {
          const [one, type] = [hall.person(number), `${what}${String(index)}`];
          if (what === "give") {
            hall.readers.broadcast(frame(type));
            for (const each of present) due.get(each)?.push(type);
          } else if (what === "push") {
            one.push(frame(type));
            due.get(one)?.push(type);
          } else if (what === "add") {
            hall.readers.add(one);
            present.add(one);
          } else if (what === "delete") {
            hall.readers.delete(one);
            present.delete(one);
          } else if (what === "flush") hall.clock.flush();
          else hall.connections.writer.write(one);
        }
        hall.clock.flush();
        expect(hall.heard).toEqual(hall.people.map((each) => due.get(each)?.join(" ")));
      }),
    );
  });
});
