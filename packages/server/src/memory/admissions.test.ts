import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AdmissionRequest } from "../backplane.ts";
import { Admissions } from "./admissions.ts";

const request = (connectionId: string, more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  user: "ada",
  client: connectionId,
  attempt: 1,
  connectionId,
  limit: 2,
  policy: "reject",
  ...more,
});

const admitted = { admitted: true, replaced: [] };
const full = { admitted: false, reason: "limit" };

function opened(...connectionIds: string[]): Admissions {
  const admissions = new Admissions();
  for (const [index, id] of connectionIds.entries()) {
    expect(admissions.admit(request(id), index)).toEqual(admitted);
    admissions.opened("ada", id);
  }
  return admissions;
}

describe("a user's connections", () => {
  it("are admitted up to the limit", () => {
    expect(opened("1", "2").admit(request("3"), 10)).toEqual(full);
  });

  it("are counted for each user apart", () => {
    expect(opened("1", "2").admit(request("3", { user: "bea" }), 10)).toEqual(admitted);
  });

  it("give their place back when they close", () => {
    const admissions = opened("1", "2");
    admissions.release("ada", "1");
    expect(admissions.admit(request("3"), 10)).toEqual(admitted);
  });

  it("evict the oldest where the policy says so", () => {
    const admissions = opened("1", "2");
    expect(admissions.admit(request("3", { policy: "close-oldest" }), 10)).toEqual(admitted);
    expect(admissions.opened("ada", "3")).toEqual(["1"]);
    expect(admissions.admit(request("4"), 10)).toEqual(full);
  });

  it("are never admitted where none may be, whatever the policy", () => {
    const policy = "close-oldest";
    expect(new Admissions().admit(request("1", { limit: 0, policy }), 0)).toEqual(full);
  });
});

describe("an attempt of a client", () => {
  const again = (connectionId: string, attempt: number): AdmissionRequest =>
    request(connectionId, { client: "c", attempt });

  it("takes the place of an older one, and of none besides", () => {
    const admissions = opened("1");
    admissions.admit(again("2", 1), 10);
    expect(admissions.admit(again("3", 2), 20)).toEqual({ admitted: true, replaced: ["2"] });
  });

  it("does not come in after a newer one", () => {
    const admissions = new Admissions();
    admissions.admit(again("1", 5), 0);
    expect(admissions.admit(again("2", 4), 10)).toEqual({ admitted: false, reason: "superseded" });
    expect(admissions.admit(again("3", 5), 10)).toMatchObject({ admitted: true });
  });

  it("keeps its place in the queue of the oldest", () => {
    const admissions = new Admissions();
    for (const [now, entry] of [again("1", 1), request("2"), again("3", 2)].entries()) {
      admissions.admit(entry, now);
      admissions.opened("ada", entry.connectionId);
    }
    admissions.admit(request("4", { policy: "close-oldest" }), 10);
    expect(admissions.opened("ada", "4")).toEqual(["3"]);
  });

  it("is not undone by the close of the older one", () => {
    const admissions = opened("1");
    admissions.admit(again("2", 1), 10);
    admissions.admit(again("3", 2), 10);
    admissions.opened("ada", "3");
    admissions.release("ada", "2");
    expect(admissions.admit(request("4"), 20)).toEqual(full);
  });
});

describe("a place that was reserved", () => {
  it("lapses when it is not taken within ten seconds", () => {
    const admissions = opened("1");
    admissions.admit(request("2"), 0);
    expect(admissions.admit(request("3"), 10_000)).toEqual(full);
    expect(admissions.admit(request("3"), 10_001)).toEqual(admitted);
  });

  it("does not lapse once it is taken", () => {
    expect(opened("1", "2").admit(request("3"), 1e9)).toEqual(full);
  });

  it("has its ten seconds, however long its client has been here", () => {
    const admissions = opened("1");
    admissions.admit(request("2", { client: "c" }), 0);
    admissions.opened("ada", "2");
    admissions.admit(request("3", { client: "c", attempt: 2 }), 3_600_000);
    expect(admissions.admit(request("4"), 3_600_001)).toEqual(full);
    admissions.sweep(3_600_002);
    admissions.opened("ada", "3");
    expect(admissions.admit(request("4"), 1e9)).toEqual(full);
  });

  it("stays taken by a connection that says later which client it is", () => {
    const admissions = opened("1", "2");
    expect(admissions.admit(request("2", { client: "c" }), 10)).toEqual(admitted);
    admissions.sweep(1e9);
    expect(admissions.admit(request("3"), 1e9)).toEqual(full);
    admissions.release("ada", "2");
    expect(admissions.admit(request("3"), 1e9)).toEqual(admitted);
  });

  it.each(["is given back", "lapses"])("counts for whom it displaced again when it %s", (how) => {
    const admissions = opened("1", "2");
    admissions.admit(request("3", { client: "1", attempt: 2 }), 10);
    if (how === "lapses") admissions.sweep(10_011);
    else admissions.release("ada", "3");
    expect(admissions.admit(request("4"), 20_000)).toEqual(full);
    expect(admissions.admit(request("5", { policy: "close-oldest" }), 20_000)).toEqual(admitted);
    if (how === "lapses") admissions.sweep(30_001);
    else admissions.release("ada", "5");
    expect(admissions.admit(request("6"), 40_000)).toEqual(full);
  });

  it("counts for nobody when whom it displaced has closed meanwhile", () => {
    const admissions = opened("1", "2");
    admissions.admit(request("3", { client: "1", attempt: 2 }), 10);
    admissions.release("ada", "1");
    admissions.release("ada", "3");
    expect(admissions.admit(request("4"), 20)).toEqual(admitted);
  });
});

interface Live {
  readonly id: string;
  readonly client: string;
  isOpen: boolean;
}

const ask = fc.record({
  client: fc.constantFrom("a", "b", "c", "d"),
  attempt: fc.integer({ min: 1, max: 4 }),
  policy: fc.constantFrom("reject" as const, "close-oldest" as const),
  fate: fc.constantFrom("opens", "opens", "opens", "is given back", "is forgotten"),
  waitMs: fc.constantFrom(0, 0, 4_000, 11_000),
  closes: fc.nat(6),
});

describe("admissions, whatever is asked of them,", () => {
  it("let no user have more open connections than the limit, and never two of one client", () => {
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 30 }), fc.integer({ min: 1, max: 3 }), (asks, limit) => {
        const admissions = new Admissions();
        let open: Live[] = [];
        let now = 0;
        for (const [index, { client, attempt, policy, fate, waitMs, closes }] of asks.entries()) {
          now += waitMs;
          const leaving = open[closes];
          if (leaving !== undefined) {
            open = open.filter((live) => live !== leaving);
            admissions.release("ada", leaving.id);
          }
          const id = String(index);
          const answer = admissions.admit(request(id, { client, attempt, policy, limit }), now);
          if (answer.admitted && fate === "opens") {
            // As the lifecycle does it: whoever was replaced or evicted is closed when the new one opens.
            const closed = [...answer.replaced, ...admissions.opened("ada", id)];
            for (const gone of closed) admissions.release("ada", gone);
            open = [...open.filter((live) => !closed.includes(live.id)), { id, client, isOpen: true }];
          } else if (answer.admitted && fate === "is given back") admissions.release("ada", id);
          expect(open.length).toBeLessThanOrEqual(limit);
          expect(new Set(open.map((live) => live.client)).size).toBe(open.length);
        }
        for (const { id } of open) admissions.release("ada", id);
        now += 10_001;
        admissions.sweep(now);
        expect(admissions.size).toBe(0);
        for (let n = 0; n < limit; n++)
          expect(admissions.admit(request(`last${String(n)}`, { limit }), now)).toEqual(admitted);
      }),
      { numRuns: 5_000 },
    );
  });
});
