import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { LIMITS } from "../limits.ts";
import { validate } from "./validate.ts";

const libraries = [
  ["zod", z.object({ name: z.string(), tags: z.array(z.object({ id: z.int() })) })],
  ["zod/mini", mini.object({ name: mini.string(), tags: mini.array(mini.object({ id: mini.int() })) })],
] as const;

describe.each(libraries)("validate with %s", (_, schema) => {
  it("returns the value after the schema, without unknown fields", () => {
    const value = { name: "a", tags: [{ id: 1, more: 2 }], password: "x" };
    expect(validate(schema, value)).toEqual({ ok: true, value: { name: "a", tags: [{ id: 1 }] } });
  });

  it("names the path of each invalid part of the value", () => {
    const result = validate(schema, { name: 1, tags: [{ id: 1 }, { id: "x" }] });
    expect(result).toMatchObject({ ok: false, issues: [{ path: "name" }, { path: "tags[1].id" }] });
  });

  it("returns the first 5 issues of thousands", () => {
    const result = validate(schema, { name: "a", tags: Array.from({ length: 5_000 }, () => ({ id: "x" })) });
    expect(result).toMatchObject({ ok: false });
    expect(result).toHaveProperty("issues.length", LIMITS.errorIssues);
  });

  it("returns an empty path when the value itself is invalid", () => {
    expect(validate(schema, null)).toMatchObject({ ok: false, issues: [{ path: "" }] });
  });
});

describe("validate", () => {
  it("returns a promise for an asynchronous schema, and runs the schema once", async () => {
    let runs = 0;
    const schema = z.string().refine(async (value) => Promise.resolve(++runs > 0 && value === "free"));
    const checking = validate(schema, "taken");
    expect(checking).toBeInstanceOf(Promise);
    expect(await checking).toMatchObject({ ok: false, issues: [{ path: "", message: "Invalid input" }] });
    expect(await validate(schema, "free")).toEqual({ ok: true, value: "free" });
    expect(runs).toBe(2);
  });

  it("returns synchronously for a refinement that is not asynchronous", () => {
    const schema = z.object({ name: z.string().refine((value) => value === "free", "is taken") });
    expect(validate(schema, { name: "free" })).toEqual({ ok: true, value: { name: "free" } });
    const failure = { ok: false, issues: [{ path: "name", message: "is taken" }], issueCount: 1 };
    expect(validate(schema, { name: "taken" })).toEqual(failure);
  });

  const described = { texts: 0 };
  const wrong = (): string => {
    described.texts++;
    return "wrong";
  };
  const pair = z.union([
    z.object({ a: z.int({ error: wrong }), b: z.int({ error: wrong }) }),
    z.object({ c: z.int({ error: wrong }) }),
  ]);

  it.each([
    ["synchronous", z.array(pair)],
    ["asynchronous", z.array(pair.refine(async () => Promise.resolve(true)))],
  ])(
    "counts the issues within those of a union, and ends a run with too many of them [%s]",
    async (_, items) => {
      const value = Array.from({ length: 100 }, () => ({}));
      expect(await validate(items, value)).toMatchObject({ ok: false, issueCount: 400 });
      described.texts = 0;
      expect(await validate(items, value, 30)).toEqual({
        ok: false,
        issues: [{ path: "", message: "has too many mistakes" }],
        issueCount: 30,
      });
      expect(described.texts).toBeLessThan(150);
      expect(await validate(items, [{ a: 1, b: 2 }, { c: 3 }], 30)).toMatchObject({ ok: true });
    },
  );

  it("lists the values of an enum for the first of many wrong values within unions, and not for each [s-A5]", () => {
    const color = z.enum(["red", "blue"]);
    const texts: (string | undefined)[] = [];
    const error: z.core.$ZodErrorMap = (issue) => {
      if (issue.code === "invalid_union") texts.push(issue.errors[0]?.[0]?.message);
      return "no color";
    };
    const items = z.array(z.union([z.union([color, z.int()], { error }), z.boolean()]));
    expect(validate(items, Array(500).fill({}))).toMatchObject({ ok: false, issueCount: 2_500 });
    expect([texts.length, texts[0]]).toEqual([500, 'Invalid option: expected one of "red"|"blue"']);
    expect(texts.filter((text) => text?.includes("blue"))).toHaveLength(25);
    expect(validate(color, 1)).toMatchObject({ issues: [{ message: texts[0] }] });
  });

  const secret = new Error("a secret of the application");
  const fail = (): never => {
    throw secret;
  };
  const reject = (): Promise<never> => Promise.reject(secret);

  // An unhandled rejection fails the run: on a server it would end the process.
  it.each([
    ["throws", z.string().refine(fail), "x"],
    ["rejects", z.string().refine(reject), "x"],
    ["throws in zod/mini", mini.string().check(fail), "x"],
    ["rejects in zod/mini", mini.string().check(mini.refine(reject)), "x"],
    [
      "rejects deep inside",
      z.object({ a: z.array(z.union([z.int(), z.string().refine(reject)])) }),
      { a: ["x"] },
    ],
    ["rejects in a transform", z.array(z.string().transform(reject)), ["x"]],
    ["rejects in a check of the whole", z.object({ a: z.string() }).superRefine(reject), { a: "x" }],
    ["rejects behind a lazy schema", z.array(z.lazy(() => z.string().refine(reject))), ["x"]],
    ["rejects in a codec", z.array(z.codec(z.string(), z.int(), { decode: reject, encode: String })), ["x"]],
    ["rejects in a record", z.record(z.string(), z.string().refine(reject)), { a: "x" }],
    ["fails to say why", z.string().refine(() => false, { error: fail }), "x"],
    [
      "answers later and fails to say why",
      z.string().refine(() => Promise.resolve(false), { error: fail }),
      "x",
    ],
    ["rejects in a tuple", z.tuple([z.string().refine(reject)]).optional(), ["x"]],
  ])(
    "turns a refinement that %s into an issue without the text of the exception",
    async (_, schema, value) => {
      expect(await validate(schema, value)).toEqual({
        ok: false,
        issues: [{ path: "", message: "could not be checked" }],
        failure: { error: expect.any(Error) as Error, retryable: true },
      });
    },
  );

  it("says that the same value cannot pass later when the language threw at once at its form", () => {
    const isOurs = z.string().refine((text) => new URL(text).host === "example.com");
    expect(validate(isOurs, "no address")).toMatchObject({ ok: false, failure: { retryable: false } });
  });

  it("turns a value that nests too deeply for the schema into an issue", async () => {
    const schema: z.ZodType = z.lazy(() => z.array(schema));
    const deep = JSON.parse("[".repeat(30_000) + "]".repeat(30_000)) as unknown;
    const failure = { ok: false, issues: [{ path: "", message: "nests too deeply" }] };
    expect(await validate(schema, deep)).toEqual(failure);
  });

  it("accepts schemas that contain themselves", () => {
    const Category = z.object({
      name: z.string(),
      get children() {
        return z.array(Category);
      },
    });
    const value = { name: "a", children: [{ name: "b", children: [] }] };
    expect(validate(Category, value)).toEqual({ ok: true, value });
    const endless = (): z.ZodType => z.object({ next: z.lazy(endless).optional() });
    expect(validate(endless(), { next: { next: {} } })).toEqual({ ok: true, value: { next: { next: {} } } });
  });

  it("writes a path with dots for keys and brackets for indexes", () => {
    const schema = z.object({ a: z.array(z.array(z.object({ b: z.string() }))) });
    expect(validate(schema, { a: [[], [{ b: 1 }]] })).toMatchObject({ issues: [{ path: "a[1][0].b" }] });
  });
});
