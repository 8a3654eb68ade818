import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../test/fake-clock.ts";
import type { PresenceEvent, PresenceOp } from "../backplane.ts";
import { Roster } from "./roster.ts";

const plus = (user: string, connectionId: string, profile = `{"userId":"${user}"}`): PresenceOp => ({
  op: "+",
  room: "r",
  user,
  connectionId,
  profile,
});
const minus = (user: string, connectionId: string, graceMs = 0): PresenceOp => ({
  op: "-",
  room: "r",
  user,
  connectionId,
  graceMs,
});

function create(): { clock: FakeClock; roster: Roster; events: PresenceEvent[]; said: () => string[] } {
  const [clock, events] = [new FakeClock({ now: 0 }), [] as PresenceEvent[]];
  const roster = new Roster("r", clock, (event) => events.push(event));
  return { clock, roster, events, said: () => events.splice(0).map(toText) };
}

function toText(event: PresenceEvent): string {
  if (event.kind === "left") return `-${event.user}`;
  return `${event.isNew ? "+" : "="}${event.entry.user}`;
}

describe("a roster", () => {
  it("has one entry per user, however many connections", () => {
    const { roster, said } = create();
    roster.apply(plus("ada", "1"));
    roster.apply(plus("ada", "2"));
    roster.apply(minus("ada", "1"));
    expect(said()).toEqual(["+ada"]);
    expect(roster.page(undefined, 10)).toMatchObject({ entries: [{ user: "ada" }], total: 1 });
    roster.apply(minus("ada", "2"));
    expect(said()).toEqual(["-ada"]);
    expect(roster.isEmpty).toBe(true);
  });

  it("waits for the grace before it says that someone left", () => {
    const { clock, roster, said } = create();
    roster.apply(plus("ada", "1"));
    roster.apply(minus("ada", "1", 5_000));
    clock.skip(4_999);
    expect(said()).toEqual(["+ada"]);
    expect(roster.page(undefined, 10).total).toBe(1);
    clock.skip(1);
    expect(said()).toEqual(["-ada"]);
  });

  it("says nothing of someone who is back within the grace, and keeps since when they are there", () => {
    const { clock, roster, said } = create();
    roster.apply(plus("ada", "1"));
    clock.skip(1_000);
    roster.apply(minus("ada", "1", 5_000));
    clock.skip(4_000);
    roster.apply(plus("ada", "2"));
    clock.skip(60_000);
    expect(said()).toEqual(["+ada"]);
    expect(roster.page(undefined, 10).entries[0]?.since).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it("does the same thing twice only once", () => {
    const { clock, roster, said } = create();
    roster.apply(plus("ada", "1"));
    roster.apply(plus("ada", "1"));
    roster.apply(minus("ada", "1", 5_000));
    roster.apply(minus("ada", "1"));
    roster.apply(minus("ada", "unknown"));
    roster.apply(minus("bea", "1"));
    expect(said()).toEqual(["+ada"]);
    clock.skip(5_000);
    expect(said()).toEqual(["-ada"]);
  });

  it("tells of a profile that changed", () => {
    const { roster, events, said } = create();
    roster.apply(plus("ada", "1", '{"name":"Ada"}'));
    roster.apply(plus("ada", "2", '{"name":"Ada L."}'));
    expect(events.at(-1)).toMatchObject({ entry: { profile: '{"name":"Ada L."}' }, isNew: false });
    expect(said()).toEqual(["+ada", "=ada"]);
  });

  it("is read in pages that hold everyone once, in the order of their arrival", () => {
    const { roster } = create();
    const users = Array.from({ length: 25 }, (_, n) => `u${String(n)}`);
    for (const user of users) roster.apply(plus(user, "1"));
    const read: string[] = [];
    let cursor: string | undefined;
    do {
      const page = roster.page(cursor, 10);
      expect(page.total).toBe(25);
      read.push(...page.entries.map(({ user }) => user));
      ({ cursor } = page);
    } while (cursor !== undefined);
    expect(read).toEqual(users);
    expect(roster.page(undefined, 25).cursor).toBeUndefined();
  });

  it.each(["x", "-1", "1e999", "", "{}"])(
    "gives some page for the cursor %j, which it never gave",
    (cursor) => {
      const { roster } = create();
      roster.apply(plus("ada", "1"));
      expect(roster.page(cursor, 10).total).toBe(1);
    },
  );

  it("forgets everyone without a word, and leaves no timer", () => {
    const { clock, roster, said } = create();
    roster.apply(plus("ada", "1"));
    roster.apply(plus("bea", "1"));
    roster.apply(minus("bea", "1", 5_000));
    said();
    roster.clear();
    expect(clock.timers).toBe(0);
    expect(said()).toEqual([]);
    expect(roster.isEmpty).toBe(true);
  });
});

interface ModelUser {
  readonly connections: Set<string>;
  leavesAt: number | undefined;
}

/** Who is there, kept in the plainest way: what happened is what differs between two moments. */
class Model {
  readonly users = new Map<string, ModelUser>();
  now = 0;

  wait(ms: number): string[] {
    this.now += ms;
    const due = [...this.users].filter(([, { leavesAt = Infinity }]) => leavesAt <= this.now);
    due.sort(([, a], [, b]) => (a.leavesAt ?? 0) - (b.leavesAt ?? 0));
    return due.map(([user]) => this.#leave(user));
  }

  apply(op: PresenceOp): string[] {
    const known = this.users.get(op.user);
    if (op.op === "+") {
      if (known === undefined) {
        this.users.set(op.user, { connections: new Set([op.connectionId]), leavesAt: undefined });
        return [`+${op.user}`];
      }
      known.connections.add(op.connectionId);
      known.leavesAt = undefined;
      return [];
    }
    if (known?.connections.delete(op.connectionId) !== true || known.connections.size > 0) return [];
    if (op.graceMs === 0) return [this.#leave(op.user)];
    known.leavesAt = this.now + op.graceMs;
    return [];
  }

  #leave(user: string): string {
    this.users.delete(user);
    return `-${user}`;
  }
}

const user = fc.constantFrom("ada", "bea", "cleo");
const connection = fc.constantFrom("1", "2", "3");
const step = fc.oneof(
  fc.tuple(user, connection).map(([u, c]) => plus(u, c)),
  fc.tuple(user, connection, fc.constantFrom(0, 10, 25)).map(([u, c, grace]) => minus(u, c, grace)),
  fc.nat(15),
);

describe("a roster, whatever connections come and go,", () => {
  it("tells what happened, and its events alternate per user", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { clock, roster, said } = create();
        const model = new Model();
        const online = new Set<string>();
        for (const next of [...steps, 100]) {
          const expected = typeof next === "number" ? model.wait(next) : model.apply(next);
          if (typeof next === "number") clock.skip(next);
          else roster.apply(next);
          const events = said();
          // Whose graces end at the same moment leave in any order.
          expect(events.toSorted()).toEqual(expected.toSorted());
          for (const [sign, ...name] of events) {
            const isThere = online.has(name.join(""));
            expect(isThere).toBe(sign === "-");
            if (isThere) online.delete(name.join(""));
            else online.add(name.join(""));
          }
          const listed = roster.page(undefined, 10).entries.map((entry) => entry.user);
          expect(listed.toSorted()).toEqual([...online].sort());
        }
        expect(clock.timers).toBe(0);
        expect([...online].sort()).toEqual([...model.users.keys()].sort());
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);
});
