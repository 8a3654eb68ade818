import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEnvelope, encodeEnvelope } from "./envelope.ts";
import { clientKey, Exclusion } from "./exclusion.ts";

const json = fc.object().map((value) => JSON.stringify(value));
const anyText = fc.string({ unit: "binary" });
const client = fc.record({ user: anyText, client: fc.stringMatching(/^[\w-]{16,64}$/) }).map(clientKey);
const except = fc.option(
  fc
    .tuple(fc.array(client), fc.array(anyText))
    .filter(([clients, users]) => clients.length + users.length > 0)
    .map(([clients, users]) => new Exclusion(clients, users)),
  { nil: undefined },
);
const earlier = fc.oneof(
  fc.record({ room: anyText, epoch: fc.string(), off: fc.nat() }),
  fc.record({ room: anyText, epoch: fc.constant(undefined), off: fc.constant(undefined) }),
);
const rooms = fc.option(fc.record({ before: fc.array(earlier), after: fc.array(anyText) }), {
  nil: undefined,
});

describe("an envelope", () => {
  it("decodes to what was encoded, whatever characters a user id or a room's name contains", () => {
    fc.assert(
      fc.property(fc.record({ json, except, rooms }), (envelope) => {
        const { json: text, header } = decodeEnvelope(encodeEnvelope(envelope));
        expect(text).toBe(envelope.json);
        expect(header?.except?.clients).toEqual(envelope.except?.clients);
        expect(header?.except?.users).toEqual(envelope.except?.users);
        expect(header?.rooms).toEqual(envelope.rooms);
      }),
    );
  });

  it("is the message's own text when no client is left out, and as short as ever when one client is", () => {
    expect(encodeEnvelope({ json: '{"type":"a"}' })).toBe('{"type":"a"}');
    const one = new Exclusion([clientKey({ user: "u", client: "c" })]);
    expect(encodeEnvelope({ json: '{"type":"a"}', except: one })).toBe('x3:c\0u{"type":"a"}');
  });
});
