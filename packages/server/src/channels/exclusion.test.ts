import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientKey, Exclusion, matchesClientKey } from "./exclusion.ts";

const words = fc.string({ unit: fc.constantFrom("a", "b", "\0", "é"), maxLength: 4 });
const ref = fc.record({ user: words, client: words.filter((text) => !text.includes("\0")) });

describe("the key of a client", () => {
  it("differs between users and between pages", () => {
    fc.assert(
      fc.property(ref, ref, (a, b) => {
        expect(clientKey(a) === clientKey(b)).toBe(a.user === b.user && a.client === b.client);
      }),
    );
  });

  it("is compared without being made", () => {
    fc.assert(
      fc.property(ref, ref, (one, other) => {
        expect(matchesClientKey(clientKey(one), other)).toBe(clientKey(one) === clientKey(other));
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("an exclusion", () => {
  it("has the clients that were left out, and the users with all of their clients, and no other client", () => {
    fc.assert(
      fc.property(fc.array(ref), fc.array(words), ref, (clients, users, asked) => {
        const isLeftOut =
          users.includes(asked.user) ||
          clients.some(({ user, client }) => user === asked.user && client === asked.client);
        expect(new Exclusion(clients.map(clientKey), users).has(asked)).toBe(isLeftOut);
      }),
      { numRuns: 2_000 },
    );
  });
});
