import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientKey, decodeEnvelope, encodeEnvelope, matchesClientKey } from "./envelope.ts";

const json = fc.object().map((value) => JSON.stringify(value));
const anyText = fc.string({ unit: "binary" });

describe("an envelope", () => {
  it("decodes to what was encoded, whatever characters a user id contains", () => {
    fc.assert(
      fc.property(
        json,
        fc.option(fc.record({ user: anyText, client: fc.stringMatching(/^[\w-]{16,64}$/) })),
        (text, ref) => {
          const envelope = { json: text, excludedClient: ref === null ? undefined : clientKey(ref) };
          expect(decodeEnvelope(encodeEnvelope(envelope))).toEqual(envelope);
        },
      ),
    );
  });

  it("is the message's own text when no client is excluded", () => {
    expect(encodeEnvelope({ json: '{"type":"a"}', excludedClient: undefined })).toBe('{"type":"a"}');
  });
});

describe("the key of a client", () => {
  it("differs between users and between pages", () => {
    const ref = fc.record({ user: anyText, client: fc.stringMatching(/^[\w-]{1,4}$/) });
    fc.assert(
      fc.property(ref, ref, (a, b) => {
        expect(clientKey(a) === clientKey(b)).toBe(a.user === b.user && a.client === b.client);
      }),
    );
  });
});

describe("matchesClientKey", () => {
  const words = fc.string({ unit: fc.constantFrom("a", "b", "\0", "é"), maxLength: 4 });

  it("agrees with comparing the keys", () => {
    const ref = fc.record({ user: words, client: words.filter((text) => !text.includes("\0")) });
    fc.assert(
      fc.property(ref, ref, (one, other) => {
        expect(matchesClientKey(clientKey(one), other)).toBe(clientKey(one) === clientKey(other));
      }),
      { numRuns: 5_000 },
    );
  });
});
