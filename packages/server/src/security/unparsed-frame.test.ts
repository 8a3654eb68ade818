import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reservedFieldOf, unnumberedTypeOf } from "./unparsed-frame.ts";

it.each([
  ['{"type":"cursor","x":1}', "cursor"],
  [' {"x": [1, {"type": "a"}, "}\\""], "type" : "cursor" }\n', "cursor"],
  ['{"type":"cursor","text":"\\\\","$":{"ch":"room:a"}}', "cursor"],
  ['{"type":"cursor","text":"\\"type\\":\\"note\\""}', "cursor"],
  ['{"type":"","$":{}}', ""],
])("the type of %s is found", (text, type) => {
  expect(unnumberedTypeOf(text)).toBe(type);
});

it.each([
  '{"type":"note","$":{"seq":1}}',
  '{"$":{"ch":"all","seq":1},"type":"note"}',
  '{"type":"reply","$":{"re":"a"}}',
  // Escapes: `$`, `seq` and the type itself.
  '{"type":"note","\\u0024":{"seq":1}}',
  '{"type":"note","$":{"\\u0073eq":1}}',
  '{"\\u0074ype":"note","type":"cursor"}',
  '{"type":"curs\\u006fr"}',
  // The last of two fields counts.
  '{"type":"cursor","type":"note"}',
  '{"type":"cursor","$":{},"$":{"seq":1}}',
  '{"x":{"type":"cursor"}}',
  '{"type":7}',
  '{"type":"cursor","$":7}',
  '{"type":"cursor"',
  '{"type":"cursor"}}',
  '{"type":"cursor",}',
  '["type","cursor"]',
  '"type"',
  "{}",
  "",
])("%s has to be parsed", (text) => {
  expect(unnumberedTypeOf(text)).toBeUndefined();
});

it("is never wrong about a text that JSON.parse reads", () => {
  const word = fc.constantFrom(
    "type",
    "$",
    "seq",
    "re",
    "cursor",
    "\\u0024",
    "\\u0073eq",
    "\\u0074ype",
    '\\"',
    "\\\\",
    "",
  );
  const quoted = word.map((text) => `"${text}"`);
  const { value } = fc.letrec<{ value: string; object: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      quoted,
      fc.constantFrom("1", "null", "-1.5e3", "true"),
      tie("object"),
      fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
    ),
    object: fc
      .array(fc.tuple(quoted, space(), tie("value")), { maxLength: 4 })
      .map(
        (fields) =>
          `{${fields.map(([key, blank, field]) => `${key}${blank}:${blank}${field}${blank}`).join(",")}}`,
      ),
  }));
  const cut = fc
    .tuple(value, fc.nat(60), fc.nat(3))
    .map(([text, at, count]) => text.slice(0, at) + text.slice(at + count));
  fc.assert(
    fc.property(fc.oneof(value, cut), (text) => {
      const type = unnumberedTypeOf(text);
      const parsed = parse(text);
      if (type === undefined || parsed === undefined) return;
      expect(parsed.type).toBe(type);
      expect(parsed.$?.seq).toBeUndefined();
      expect(parsed.$?.re).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
});

it("finds the type of every frame as JSON.stringify writes it, wherever the type is", () => {
  const fields = fc.dictionary(
    fc.string().filter((key) => JSON.stringify(key) === `"${key}"`),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fields, fields, (before, after) => {
      const frame = { ...before, type: "cursor", ...after, $: { ch: "room:a" } };
      expect(unnumberedTypeOf(JSON.stringify({ ...frame, type: "cursor" }))).toBe("cursor");
    }),
  );
});

function space(): fc.Arbitrary<string> {
  return fc.constantFrom("", " ", "\n\t");
}

interface Parsed {
  readonly type?: unknown;
  readonly $?: { readonly seq?: unknown; readonly re?: unknown } | null;
}

function parse(text: string): Parsed | undefined {
  try {
    return JSON.parse(text) as Parsed;
  } catch {
    return undefined;
  }
}

describe("the reserved field", () => {
  it.each([
    ['{"type":"note","$":{"seq":1}}', '{"seq":1}'],
    [' { "$" : { "id" : "}\\"" } , "x": [1, {"$": 7}] }\n', '{ "id" : "}\\"" }'],
    ['{"\\u0024":7}', "7"],
    ['{"$":{"seq":1},"$":{"seq":2}}', '{"seq":2}'],
  ])("of %s is found", (text, field) => {
    expect(reservedFieldOf(text)).toBe(field);
  });

  it.each(['{"type":"note"}', '{"x":{"$":1}}', '{"$":{"seq":1}', '["$",{"seq":1}]', '"$"', ""])(
    "of %s is not there",
    (text) => {
      expect(reservedFieldOf(text)).toBeUndefined();
    },
  );

  it("is the one that JSON.parse finds", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (before, field) => {
        const text = JSON.stringify({ before, $: field, a$: "$" });
        expect(JSON.parse(reservedFieldOf(text) ?? "")).toEqual(JSON.parse(JSON.stringify(field)));
      }),
    );
  });
});
