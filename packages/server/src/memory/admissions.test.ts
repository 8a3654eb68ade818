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

/** Opens a connection that has a reservation. @returns the ids of the evicted connections */
function openedIds(admissions: Admissions, connectionId: string, user = "ada"): string[] {
  const op = { op: "+", room: undefined, user, connectionId, profile: "{}" } as const;
  return admissions.opened(op).map((eviction) => eviction.connectionId);
}

function opened(...connectionIds: string[]): Admissions {
  const admissions = new Admissions();
  for (const [index, id] of connectionIds.entries()) {
    expect(admissions.admit(request(id), index)).toEqual(admitted);
    openedIds(admissions, id);
  }
  return admissions;
}

describe("Admissions", () => {
  it("admits connections of a user up to the limit", () => {
    expect(opened("1", "2").admit(request("3"), 10)).toEqual(full);
  });

  it("counts the connections of each user separately", () => {
    expect(opened("1", "2").admit(request("3", { user: "bea" }), 10)).toEqual(admitted);
  });

  it("frees the slot of a connection that closes", () => {
    const admissions = opened("1", "2");
    admissions.release("ada", "1");
    expect(admissions.admit(request("3"), 10)).toEqual(admitted);
  });

  it("evicts the oldest connection under the policy close-oldest", () => {
    const admissions = opened("1", "2");
    expect(admissions.admit(request("3", { policy: "close-oldest" }), 10)).toEqual(admitted);
    expect(openedIds(admissions, "3")).toEqual(["1"]);
    expect(admissions.admit(request("4"), 10)).toEqual(full);
  });

  it("admits no connection when the limit is 0, whatever the policy", () => {
    const policy = "close-oldest";
    expect(new Admissions().admit(request("1", { limit: 0, policy }), 0)).toEqual(full);
  });
});

describe("Admissions of one client's attempts", () => {
  const attemptOf = (connectionId: string, attempt: number): AdmissionRequest =>
    request(connectionId, { client: "c", attempt });

  it("gives a newer attempt the slot of the older one, and of no other connection", () => {
    const admissions = opened("1");
    admissions.admit(attemptOf("2", 1), 10);
    expect(admissions.admit(attemptOf("3", 2), 20)).toEqual({ admitted: true, replaced: ["2"] });
  });

  it("rejects an attempt that is older than an admitted one", () => {
    const admissions = new Admissions();
    admissions.admit(attemptOf("1", 5), 0);
    expect(admissions.admit(attemptOf("2", 4), 10)).toEqual({ admitted: false, reason: "superseded" });
    expect(admissions.admit(attemptOf("3", 5), 10)).toMatchObject({ admitted: true });
  });

  it("counts a newer attempt as newer than the connections that were open before it", () => {
    const admissions = new Admissions();
    for (const [now, entry] of [attemptOf("1", 1), request("2"), attemptOf("3", 2)].entries()) {
      admissions.admit(entry, now);
      openedIds(admissions, entry.connectionId);
    }
    admissions.admit(request("4", { policy: "close-oldest" }), 10);
    expect(openedIds(admissions, "4")).toEqual(["2"]);
  });

  it("keeps the slot of the newer attempt when the older connection closes", () => {
    const admissions = opened("1");
    admissions.admit(attemptOf("2", 1), 10);
    admissions.admit(attemptOf("3", 2), 10);
    openedIds(admissions, "3");
    admissions.release("ada", "2");
    expect(admissions.admit(request("4"), 20)).toEqual(full);
  });
});

describe("Admissions of a reserved slot", () => {
  it("frees a reserved slot that is not opened within ten seconds", () => {
    const admissions = opened("1");
    admissions.admit(request("2"), 0);
    expect(admissions.admit(request("3"), 10_000)).toEqual(full);
    expect(admissions.admit(request("3"), 10_001)).toEqual(admitted);
  });

  it("keeps the slot of an open connection without a time limit", () => {
    expect(opened("1", "2").admit(request("3"), 1e9)).toEqual(full);
  });

  it("gives a replacing attempt ten seconds, however old the replaced connection is", () => {
    const admissions = opened("1");
    admissions.admit(request("2", { client: "c" }), 0);
    openedIds(admissions, "2");
    admissions.admit(request("3", { client: "c", attempt: 2 }), 3_600_000);
    expect(admissions.admit(request("4"), 3_600_001)).toEqual(full);
    admissions.sweep(3_600_002);
    openedIds(admissions, "3");
    expect(admissions.admit(request("4"), 1e9)).toEqual(full);
  });

  it("keeps the slot of a connection that names its client later", () => {
    const admissions = opened("1", "2");
    expect(admissions.admit(request("2", { client: "c" }), 10)).toEqual(admitted);
    admissions.sweep(1e9);
    expect(admissions.admit(request("3"), 1e9)).toEqual(full);
    admissions.release("ada", "2");
    expect(admissions.admit(request("3"), 1e9)).toEqual(admitted);
  });

  it.each(["is released", "expires"])(
    "returns the slot to the replaced connection when the reservation %s",
    (end) => {
      const admissions = opened("1", "2");
      admissions.admit(request("3", { client: "1", attempt: 2 }), 10);
      if (end === "expires") admissions.sweep(10_011);
      else admissions.release("ada", "3");
      expect(admissions.admit(request("4"), 20_000)).toEqual(full);
      expect(admissions.admit(request("5", { policy: "close-oldest" }), 20_000)).toEqual(admitted);
      if (end === "expires") admissions.sweep(30_001);
      else admissions.release("ada", "5");
      expect(admissions.admit(request("6"), 40_000)).toEqual(full);
    },
  );

  it("frees the slot when the replaced connection has closed meanwhile", () => {
    const admissions = opened("1", "2");
    admissions.admit(request("3", { client: "1", attempt: 2 }), 10);
    admissions.release("ada", "1");
    admissions.release("ada", "3");
    expect(admissions.admit(request("4"), 20)).toEqual(admitted);
  });
});

interface OpenConnection {
  readonly id: string;
  readonly client: string;
  isOpen: boolean;
}

const step = fc.record({
  client: fc.constantFrom("a", "b", "c", "d"),
  attempt: fc.integer({ min: 1, max: 4 }),
  policy: fc.constantFrom("reject" as const, "close-oldest" as const),
  fate: fc.constantFrom("opens", "opens", "opens", "is released", "never opens"),
  waitMs: fc.constantFrom(0, 0, 4_000, 11_000),
  closes: fc.nat(6),
});

describe("Admissions under random requests", () => {
  it("never allow a user more open connections than the limit, nor two of one client", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 3 }), (requests, limit) => {
        const admissions = new Admissions();
        let open: OpenConnection[] = [];
        let now = 0;
        for (const [index, { client, attempt, policy, fate, waitMs, closes }] of requests.entries()) {
          now += waitMs;
          const closing = open[closes];
          if (closing !== undefined) {
            open = open.filter((connection) => connection !== closing);
            admissions.release("ada", closing.id);
          }
          const id = String(index);
          const admission = admissions.admit(request(id, { client, attempt, policy, limit }), now);
          if (admission.admitted && fate === "opens") {
            // As in the handshake: the replaced and the evicted connections close when the new one opens.
            const closed = [...admission.replaced, ...openedIds(admissions, id)];
            for (const closedId of closed) admissions.release("ada", closedId);
            open = [
              ...open.filter((connection) => !closed.includes(connection.id)),
              { id, client, isOpen: true },
            ];
          } else if (admission.admitted && fate === "is released") admissions.release("ada", id);
          expect(open.length).toBeLessThanOrEqual(limit);
          expect(new Set(open.map((connection) => connection.client)).size).toBe(open.length);
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
