import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Connections } from "../../test/fake-connection.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { fakeTransport } from "../../test/fake-socket.ts";
import type { Connection } from "../connection/connection.ts";
import { BatchGroup } from "./batch-group.ts";
import { OutboundFrame } from "./outbound-frame.ts";
import type { Batch } from "./outbound-frame.ts";
import { Subscribers } from "../channels/subscribers.ts";
import { silentLogger } from "../logger.ts";
import { applyKillSwitches, readKillSwitches } from "../utils/kill-switches.ts";

const frame = (type: string): OutboundFrame => new OutboundFrame(JSON.stringify({ type }));
const IDS = ["ada", "bea", "cay"] as const;

class Audience {
  readonly clock = new FakeClock();
  readonly connections = new Connections(this.clock);
  readonly subscribers = new Subscribers();
  readonly batches: Batch[] = [];
  readonly #transport = {
    ...fakeTransport,
    write: (...[ws, batch]: Parameters<typeof fakeTransport.write>) => {
      this.batches.push(batch);
      return fakeTransport.write(ws, batch);
    },
  };
  readonly members: readonly Connection[] = IDS.map((id) =>
    this.connections.open(id, { transport: this.#transport }),
  );

  constructor(usesBatchGroups: boolean) {
    this.connections.writer.usesBatchGroups = usesBatchGroups;
    for (const connection of this.members) this.subscribers.add(connection);
  }

  member(index: number): Connection {
    const member = this.members[index];
    if (member === undefined) throw new RangeError(`no member ${String(index)}`);
    return member;
  }

  get received(): string[] {
    return this.members.map((connection) => this.connections.socketOf(connection).types.join(" "));
  }
}

describe.each([
  ["on", true],
  ["off", false],
])("Subscribers with batch groups switched %s", (_, usesBatchGroups) => {
  it("gives all subscribers the same batch, however many frames a turn has", () => {
    const audience = new Audience(usesBatchGroups);
    for (const type of ["a", "b", "c"]) audience.subscribers.broadcast(frame(type));
    audience.clock.flush();
    expect(audience.received).toEqual(["a b c", "a b c", "a b c"]);
    expect(new Set(audience.batches).size).toBe(1);
  });

  it("keeps the order of frames for a connection that gets another frame in between", () => {
    const audience = new Audience(usesBatchGroups);
    audience.subscribers.broadcast(frame("a"));
    audience.member(1).push(frame("own"));
    audience.subscribers.broadcast(frame("b"));
    audience.clock.flush();
    expect(audience.received).toEqual(["a b", "a own b", "a b"]);
  });

  it("drops a queued skip for a later frame of the same channel only", () => {
    const audience = new Audience(usesBatchGroups);
    audience.subscribers.broadcast(frame("a"), "all");
    audience.member(0).skip("all", 2);
    audience.member(1).skip("all", 2);
    audience.member(1).skip("room:a", 1);
    audience.subscribers.broadcast(frame("typing"));
    audience.clock.flush();
    expect(audience.received).toEqual(["a skip typing", "a skip skip typing", "a typing"]);
    audience.member(0).skip("all", 3);
    audience.member(1).skip("room:a", 4);
    audience.subscribers.broadcast(frame("b"), "all");
    audience.clock.flush();
    expect(audience.received).toEqual(["a skip typing b", "a skip skip typing skip b", "a typing b"]);
  });

  it("sends nothing to a closed connection", () => {
    const audience = new Audience(usesBatchGroups);
    audience.member(2).stage = "closed";
    for (const type of ["a", "b"]) audience.subscribers.broadcast(frame(type));
    audience.clock.flush();
    expect(audience.received).toEqual(["a b", "a b", ""]);
  });

  it("delivers frames that are broadcast during a write in the next turn", () => {
    const audience = new Audience(usesBatchGroups);
    audience.connections.socketOf(audience.member(1)).onSend = (text) => {
      if (text.includes("a")) audience.subscribers.broadcast(frame("x"));
    };
    audience.subscribers.broadcast(frame("a"));
    audience.clock.flush();
    audience.clock.flush();
    expect(audience.received).toEqual(["a x", "a x", "a x"]);
  });

  const memberIndex = fc.nat(2);
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom("broadcast", "flush"), index: memberIndex }),
    fc.record({ do: fc.constantFrom("push", "add", "delete", "write"), index: memberIndex }),
  );

  it("gives each connection the frames that it would get by itself, whichever connections join, leave or get other frames", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const audience = new Audience(usesBatchGroups);
        const present = new Set(audience.members);
        const due = new Map<Connection, string[]>(audience.members.map((connection) => [connection, []]));
        for (const [turn, { do: action, index }] of steps.entries()) {
          const [member, type] = [audience.member(index), `${action}${String(turn)}`];
          if (action === "broadcast") {
            audience.subscribers.broadcast(frame(type));
            for (const connection of present) due.get(connection)?.push(type);
          } else if (action === "push") {
            member.push(frame(type));
            due.get(member)?.push(type);
          } else if (action === "add") {
            audience.subscribers.add(member);
            present.add(member);
          } else if (action === "delete") {
            audience.subscribers.delete(member);
            present.delete(member);
          } else if (action === "flush") audience.clock.flush();
          else audience.connections.writer.write(member);
        }
        audience.clock.flush();
        expect(audience.received).toEqual(
          audience.members.map((connection) => due.get(connection)?.join(" ")),
        );
      }),
    );
  });
});

describe("Writer.openGroup", () => {
  it("opens no batch group once HALYARD_BATCH_GROUPS=off is applied", () => {
    const { writer } = new Connections(new FakeClock());
    expect(writer.openGroup()).toBeInstanceOf(BatchGroup);
    const switches = readKillSwitches({ HALYARD_BATCH_GROUPS: "off" });
    applyKillSwitches(switches, { writer, backplane: {}, logger: silentLogger });
    expect(writer.openGroup()).toBeUndefined();
  });
});
