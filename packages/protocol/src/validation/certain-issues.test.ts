import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { hasMoreIssues } from "./certain-issues.ts";
import { validate } from "./validate.ts";

const fields = (count: number) =>
  z.object(Object.fromEntries(Array.from({ length: count }, (_, n) => [`field${String(n)}`, z.string()])));
const keys = z.enum(Array.from({ length: 20 }, (_, n) => `key${String(n)}`) as [string]);
const empty = Array.from({ length: 1_000 }, () => ({}));
const wide = z.object({ items: z.array(fields(20)) });
interface Tree {
  readonly leaves: readonly Tree[];
}
const tree: z.ZodType<Tree> = z.lazy(() => z.object({ leaves: z.array(tree) }));

describe("a value that lacks thousands of fields", () => {
  it.each([
    ["a list", wide, { items: empty }],
    ["records by an enum", z.array(z.record(keys, z.int())), empty],
    ["an option of a union", z.union([wide, z.object({ kind: z.literal("b") })]), { items: empty }],
    [
      "an option with a name",
      z.discriminatedUnion("k", [
        wide.extend({ k: z.literal("a") }),
        fields(1).extend({ k: z.literal("b") }),
      ]),
      { k: "a", items: empty },
    ],
    ["a tuple", z.tuple([z.string(), z.array(fields(20)).optional()]), ["", empty]],
    ["wrapped types", z.array(fields(20).nullable().readonly()).default([]), empty],
    ["zod/mini", mini.array(mini.record(mini.enum(["a", "b", "c", ...keys.options]), mini.int())), empty],
  ])("is refused before the schema runs: %s [s-A5]", (_, schema, value) => {
    expect(validate(schema, value, 100_000)).toMatchObject({
      ok: false,
      issues: [{ path: "", message: "has too many mistakes" }],
      issueCount: 100_000,
    });
    expect(JSON.stringify(validate(schema, value))).not.toContain("too many");
  });

  it("is refused as before where it lacks a few", () => {
    expect(validate(wide, { items: [{}] }, 100_000)).toMatchObject({ ok: false, issueCount: 20 });
  });
});

it.each([
  [wide, { items: [] }],
  [z.array(z.object({ a: z.string().optional(), b: z.int().default(1), c: z.int().catch(2) })), [{}]],
  [z.array(z.object({ a: z.coerce.number(), c: z.int().nullish() })), [{ a: "1" }, { a: 1, c: null }]],
  [z.array(z.preprocess(() => ({ a: 1 }), z.object({ a: z.int() }))), [{}, 7]],
  [z.array(z.object({ a: z.preprocess(() => 1, z.int()) })), [{}]],
  [z.array(z.string().transform(Number).pipe(z.int())), ["1"]],
  [z.partialRecord(keys, z.array(z.int())), { key1: [1] }],
  [z.record(keys, z.array(z.int()).optional()), { key1: [1] }],
  [z.record(z.string(), z.array(z.int())), { any: [1] }],
  [z.array(z.union([fields(3), z.object({ a: z.int() }), z.null()])), [{ a: 1 }, null]],
  [z.array(z.literal(["a", 1, null])), ["a", 1, null]],
  [z.array(z.object({ a: z.literal("a").optional(), b: z.literal(["b", null]) })), [{ b: null }]],
  [z.array(z.enum({ Up: 0, Down: 1 })), [0, 1]],
  [z.tuple([z.string(), z.int().optional()], z.object({ a: z.int() })), ["a"]],
  [z.array(z.looseObject({ a: z.int() })), [{ a: 1, b: 2 }]],
  [z.array(z.intersection(z.object({ a: z.int() }), z.object({ b: z.int() }))), [{ a: 1, b: 2 }]],
  [z.array(z.object({ a: z.prefault(z.string(), "x") })), [{}]],
  [tree, { leaves: [{ leaves: [] }] }],
  [z.array(z.json()), [{ a: [1, null, "x"] }]],
  [z.array(mini.object({ a: mini.optional(mini.int()) })), [{}]],
] as readonly (readonly [z.core.$ZodType, unknown])[])(
  "a value that a schema accepts has no issue for certain: %#",
  (schema, value) => {
    expect(validate(schema as never, value)).toMatchObject({ ok: true });
    expect(hasMoreIssues(schema as never, value, 0)).toBe(false);
  },
);
