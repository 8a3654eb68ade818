import fc from "fast-check";
import { expect, it } from "vitest";
import { reduceConnection } from "./connection-state.ts";
import type { ConnectionEvent, ConnectionState } from "./connection-state.ts";

const user = { userId: "ada", name: "Ada", connectedAt: "2026-11-23T09:00:00.000Z" };
const state = fc.oneof(
  fc.record({ status: fc.constant("connecting" as const), attempt: fc.nat() }),
  fc.record({ status: fc.constant("open" as const), user: fc.constant(user) }),
  fc.record({ status: fc.constant("waiting" as const), attempt: fc.nat(), retryAt: fc.nat() }),
  fc.record({
    status: fc.constant("authRequired" as const),
    reason: fc.constantFrom("unauthenticated", "forbidden"),
  }),
  fc.record({ status: fc.constant("closed" as const), code: fc.nat(), reason: fc.string() }),
) as fc.Arbitrary<ConnectionState>;
const event: fc.Arbitrary<ConnectionEvent> = fc.oneof(state, fc.constant({ status: "started" as const }));

it("leaves the state closed by a start only, and authRequired also by closing", () => {
  fc.assert(
    fc.property(state, fc.array(event), (first, events) => {
      let current = first;
      for (const next of events) {
        const before = current;
        current = reduceConnection(before, next);
        if (next.status === "started") expect(current).toEqual({ status: "connecting", attempt: 1 });
        else if (before.status === "closed") expect(current).toBe(before);
        else if (before.status === "authRequired" && next.status !== "closed") expect(current).toBe(before);
        else {
          expect(current).toEqual(next);
          if (JSON.stringify(before) === JSON.stringify(next)) expect(current).toBe(before);
        }
      }
    }),
    { numRuns: 10_000 },
  );
}, 60_000);
