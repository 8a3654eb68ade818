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

function create(): { clock: FakeClock; roster: Roster; events: PresenceEvent[]; takeEvents: () => string[] } {
  const [clock, events] = [new FakeClock({ now: 0 }), [] as PresenceEvent[]];
  const roster = new Roster("r", {
    clock,
    emit: (event) => events.push(event),
    nextOffset: () => events.length + 1,
  });
  return { clock, roster, events, takeEvents: () => events.splice(0).map(toText) };
}

function toText(event: PresenceEvent): string {
  if (event.kind === "left") return `-${event.user}`;
  return `${event.isNew ? "+" : "="}${event.entry.user}`;
}

describe("Roster", () => {
  it("has one entry per user, however many connections are open", () => {
    const { roster, takeEvents } = create();
    roster.apply(plus("ada", "1"));
    roster.apply(plus("ada", "2"));
    roster.apply(minus("ada", "1"));
    expect(takeEvents()).toEqual(["+ada"]);
    expect(roster.page(undefined, 10)).toMatchObject({ entries: [{ user: "ada" }], total: 1 });
    roster.apply(minus("ada", "2"));
    expect(takeEvents()).toEqual(["-ada"]);
    expect(roster.isEmpty).toBe(true);
  });

  it("reports that a user left after the grace period", () => {
    const { clock, roster, takeEvents } = create();
    roster.apply(plus("ada", "1"));
    roster.apply(minus("ada", "1", 5_000));
    clock.skip(4_999);
    expect(takeEvents()).toEqual(["+ada"]);
    expect(roster.page(undefined, 10).total).toBe(1);
    clock.skip(1);
    expect(takeEvents()).toEqual(["-ada"]);
  });

  it("reports nothing for a user who returns within the grace period, and keeps the time of joining", () => {
    const { clock, roster, takeEvents } = create();
    roster.apply(plus("ada", "1"));
    clock.skip(1_000);
    roster.apply(minus("ada", "1", 5_000));
    clock.skip(4_000);
    roster.apply(plus("ada", "2"));
    clock.skip(60_000);
    expect(takeEvents()).toEqual(["+ada"]);
    expect(roster.page(undefined, 10).entries[0]?.since).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it("ignores a repeated operation", () => {
    const { clock, roster, takeEvents } = create();
    roster.apply(plus("ada", "1"));
    roster.apply(plus("ada", "1"));
    roster.apply(minus("ada", "1", 5_000));
    roster.apply(minus("ada", "1"));
    roster.apply(minus("ada", "unknown"));
    roster.apply(minus("bea", "1"));
    expect(takeEvents()).toEqual(["+ada"]);
    clock.skip(5_000);
    expect(takeEvents()).toEqual(["-ada"]);
  });

  it("reports a changed profile", () => {
    const { roster, events, takeEvents } = create();
    roster.apply(plus("ada", "1", '{"name":"Ada"}'));
    roster.apply(plus("ada", "2", '{"name":"Ada L."}'));
    expect(events.at(-1)).toMatchObject({ entry: { profile: '{"name":"Ada L."}' }, isNew: false });
    expect(takeEvents()).toEqual(["+ada", "=ada"]);
  });

  it("returns pages that hold each user once, in the order of joining", () => {
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

  it.each(["x", "-1", "1e999", "", "{}"])("returns a page for the unknown cursor %j", (cursor) => {
    const { roster } = create();
    roster.apply(plus("ada", "1"));
    expect(roster.page(cursor, 10).total).toBe(1);
  });

  it("removes all users without an event when it is cleared, and leaves no timer", () => {
    const { clock, roster, takeEvents } = create();
    roster.apply(plus("ada", "1"));
    roster.apply(plus("bea", "1"));
    roster.apply(minus("bea", "1", 5_000));
    takeEvents();
    roster.clear();
    expect(clock.timers).toBe(0);
    expect(takeEvents()).toEqual([]);
    expect(roster.isEmpty).toBe(true);
  });
});

interface ModelUser {
  readonly connections: Set<string>;
  leavesAt: number | undefined;
}

/** The users who are present, in a plain map; it returns the events of each change. */
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
    const entry = this.users.get(op.user);
    if (op.op === "+") {
      if (entry === undefined) {
        this.users.set(op.user, { connections: new Set([op.connectionId]), leavesAt: undefined });
        return [`+${op.user}`];
      }
      entry.connections.add(op.connectionId);
      entry.leavesAt = undefined;
      return [];
    }
    if (entry?.connections.delete(op.connectionId) !== true || entry.connections.size > 0) return [];
    if (op.graceMs === 0) return [this.#leave(op.user)];
    entry.leavesAt = this.now + op.graceMs;
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

describe("Roster under random joins and leaves", () => {
  it("reports each change once, and alternates joined and left events per user", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { clock, roster, takeEvents } = create();
        const model = new Model();
        const online = new Set<string>();
        for (const next of [...steps, 100]) {
          const expected = typeof next === "number" ? model.wait(next) : model.apply(next);
          if (typeof next === "number") clock.skip(next);
          else roster.apply(next);
          const events = takeEvents();
          // Users whose grace periods end at the same time leave in any order.
          expect(events.toSorted()).toEqual(expected.toSorted());
          for (const [sign, ...name] of events) {
            const isOnline = online.has(name.join(""));
            expect(isOnline).toBe(sign === "-");
            if (isOnline) online.delete(name.join(""));
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
