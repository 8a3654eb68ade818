import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame, isDeeperThan } from "./frames.ts";
import type { FrameMeta } from "./frames.ts";
import { LIMITS } from "./limits.ts";

const meta: fc.Arbitrary<FrameMeta> = fc.record(
  {
    seq: fc.integer({ min: 1 }),
    id: fc.string({ minLength: 1, maxLength: 64 }),
    ch: fc.string({ minLength: 1, maxLength: 200, unit: "binary" }),
    off: fc.nat(),
    re: fc.oneof(fc.nat(), fc.string()),
  },
  { requiredKeys: [] },
);

/** Values that `JSON.stringify` and `JSON.parse` leave unchanged. */
const json = fc
  .jsonValue({ maxDepth: 5, noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const fields = fc.dictionary(
  fc.string().filter((key) => key !== "$" && key !== "type" && key !== "__proto__"),
  json,
);

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

function nested(depth: number, inner = ""): string {
  return "[".repeat(depth) + inner + "]".repeat(depth);
}

describe("a frame", () => {
  it("decodes to the fields and the meta that were encoded", () => {
    fc.assert(
      fc.property(fc.string(), fields, meta, (type, others, $) => {
        const message = { type, ...others };
        const decoded = decodeFrame(encodeFrame(JSON.stringify(message), $));
        expect(decoded).toEqual({ ...message, $ });
      }),
    );
  });

  it("has the fields of its message first and the reserved field last", () => {
    expect(encodeFrame('{"type":"ping"}', { id: "r1" })).toBe('{"type":"ping","$":{"id":"r1"}}');
  });

  it.each(["", "hello", "{", '{"type":"ping"', '{"type":"ping"}{}', "\uFEFF{}", "undefined", "[1,]", "'x'"])(
    "is rejected as invalid_json when it is %j",
    (text) => {
      expect(decodeFrame(text)).toBe("invalid_json");
    },
  );

  it.each(["null", "1", '"x"', "[]", '["type"]', "{}", '{"type":1}', '{"type":null}', '{"Type":"ping"}'])(
    "is rejected as invalid_message when it is %s",
    (text) => {
      expect(decodeFrame(text)).toBe("invalid_message");
    },
  );

  it("is rejected when it only inherits its type", () => {
    expect(decodeFrame('{"__proto__":{"type":"ping"}}')).toBe("invalid_message");
    expect(decodeFrame('{"type":"__proto__"}')).toEqual({ type: "__proto__" });
    expect(({} as { type?: unknown }).type).toBeUndefined();
  });

  it("is accepted with 32 levels of nesting and rejected with 33", () => {
    const framed = (depth: number): string => `{"type":"x","a":${nested(depth - 1)}}`;
    expect(decodeFrame(framed(LIMITS.jsonDepth))).toHaveProperty("type", "x");
    expect(decodeFrame(framed(LIMITS.jsonDepth + 1))).toBe("invalid_message");
    expect(decodeFrame(nested(30_000))).toBe("invalid_message");
  });

  it("decodes half of a surrogate pair, which only an escape can write, to U+FFFD", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("\ud83d", "\ude00", "\\", "\n", '"', "u", "d", "8") }),
        (half) => {
          const escaped = JSON.stringify({ type: half, [half]: [half] }).replaceAll(
            "😀",
            String.raw`\uD83d\ude00`,
          );
          const whole = half.toWellFormed();
          expect(decodeFrame(escaped)).toEqual({ type: whole, [whole]: [whole] });
        },
      ),
    );
  });

  it("is rejected when an escape is broken, and not repaired into valid JSON", () => {
    for (const text of [
      `{"type":"x\\ud8"}"}`,
      `{"type":"\\ud800\\"}`,
      `{"type":\\ud800}`,
      `{"type":"\\ud8z0"}`,
    ])
      expect(decodeFrame(text)).toBe("invalid_json");
  });

  it("decodes without an exception, for any text", () => {
    const text = fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[[\]{}",:\\a1 ]{0,60}$/));
    fc.assert(fc.property(text, (anyText) => ["object", "string"].includes(typeof decodeFrame(anyText))));
  });
});

describe("isDeeperThan", () => {
  it("finds the same depth as a parser does", () => {
    fc.assert(
      fc.property(json, fc.nat(8), (value, limit) => {
        expect(isDeeperThan(JSON.stringify(value), limit)).toBe(depthOf(value) > limit);
      }),
    );
  });

  it("does not count brackets inside strings", () => {
    const bracketed = fc.stringMatching(/^[[\]{}"\\]{0,40}$/);
    fc.assert(
      fc.property(bracketed, bracketed, fc.nat(4), (key, value, limit) => {
        const text = JSON.stringify([{ [key]: [value, key] }]);
        expect(isDeeperThan(text, limit)).toBe(3 > limit);
      }),
    );
  });

  it("answers for a text with few brackets, however long it is", () => {
    expect(isDeeperThan(`{"a":"${"x".repeat(1e6)}"}`, 1)).toBe(false);
    expect(isDeeperThan("[]".repeat(100), 1)).toBe(false);
    expect(isDeeperThan("[{}]", 1)).toBe(true);
  });
});
