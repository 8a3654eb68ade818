import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messageIdOf } from "./message-id.ts";

function idByNode(clientId: string, seq: number): string {
  const hash = createHash("sha256")
    .update(`${clientId}:${String(seq)}`, "ascii")
    .digest();
  return hash.subarray(0, 16).toString("base64url");
}

const clientId = fc.stringMatching(/^[\w-]{16,64}$/);
const seq = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe("messageIdOf", () => {
  it("returns the first 128 bits of SHA-256 over client id and number, as base64url", () => {
    fc.assert(
      fc.property(clientId, seq, (client, number) => {
        expect(messageIdOf(client, number)).toBe(idByNode(client, number));
      }),
      { numRuns: 1_000 },
    );
  });

  it("agrees with Node's SHA-256 at every length, across the bounds of its blocks", () => {
    for (let length = 0; length <= 200; length++) {
      const client = "x".repeat(length);
      expect(messageIdOf(client, 7)).toBe(idByNode(client, 7));
    }
  });

  it("returns 22 characters that need no escaping in a URL or in JSON", () => {
    expect(messageIdOf("q3vJm0dZyUe1aXcLr8tWsA", 17)).toMatch(/^[\w-]{22}$/);
  });

  it("returns a different id for another client and for another number", () => {
    const ids = ["a", "b"].flatMap((client) => [1, 2, 12].map((number) => messageIdOf(client, number)));
    expect(new Set(ids).size).toBe(ids.length);
  });
});
