import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as mini from "zod/mini";
import { LIMITS } from "./limits.ts";
import { validate } from "./validate.ts";

const libraries = [
  ["zod", z.object({ name: z.string(), tags: z.array(z.object({ id: z.int() })) })],
  ["zod/mini", mini.object({ name: mini.string(), tags: mini.array(mini.object({ id: mini.int() })) })],
] as const;

describe.each(libraries)("validate with %s", (_, schema) => {
  it("gives what the schema lets through", () => {
    const value = { name: "a", tags: [{ id: 1, more: 2 }], password: "x" };
    expect(validate(schema, value)).toEqual({ ok: true, value: { name: "a", tags: [{ id: 1 }] } });
  });

  it("says where the value is wrong", () => {
    const result = validate(schema, { name: 1, tags: [{ id: 1 }, { id: "x" }] });
    expect(result).toMatchObject({ ok: false, issues: [{ path: "name" }, { path: "tags[1].id" }] });
  });

  it("tells no more than the first issues, of however many", () => {
    const result = validate(schema, { name: "a", tags: Array.from({ length: 5_000 }, () => ({ id: "x" })) });
    expect(result).toMatchObject({ ok: false });
    expect(result).toHaveProperty("issues.length", LIMITS.errorIssues);
  });

  it("says nothing of where when the value itself is wrong", () => {
    expect(validate(schema, null)).toMatchObject({ ok: false, issues: [{ path: "" }] });
  });
});

describe("validate", () => {
  it("waits for a schema that is asynchronous, and runs it once", async () => {
    let runs = 0;
    const schema = z.string().refine(async (value) => Promise.resolve(++runs > 0 && value === "free"));
    const checking = validate(schema, "taken");
    expect(checking).toBeInstanceOf(Promise);
    expect(await checking).toMatchObject({ ok: false, issues: [{ path: "", message: "Invalid input" }] });
    expect(await validate(schema, "free")).toEqual({ ok: true, value: "free" });
    expect(runs).toBe(2);
  });

  it("does not wait for a refinement that is not asynchronous", () => {
    const schema = z.object({ name: z.string().refine((value) => value === "free", "is taken") });
    expect(validate(schema, { name: "free" })).toEqual({ ok: true, value: { name: "free" } });
    const told = { ok: false, issues: [{ path: "name", message: "is taken" }] };
    expect(validate(schema, { name: "taken" })).toEqual(told);
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
    ["rejects in a tuple", z.tuple([z.string().refine(reject)]).optional(), ["x"]],
  ])("takes a refinement that %s for an issue, without its text", async (_, schema, value) => {
    const told = { ok: false, issues: [{ path: "", message: "could not be checked" }] };
    expect(await validate(schema, value)).toEqual(told);
  });

  it("takes a value that is too deep for the schema for an issue", async () => {
    const schema: z.ZodType = z.lazy(() => z.array(schema));
    const deep = JSON.parse("[".repeat(30_000) + "]".repeat(30_000)) as unknown;
    const told = { ok: false, issues: [{ path: "", message: "nests too deeply" }] };
    expect(await validate(schema, deep)).toEqual(told);
  });

  it("takes schemas that contain themselves", () => {
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

  it("names keys and places in a path as one would write them", () => {
    const schema = z.object({ a: z.array(z.array(z.object({ b: z.string() }))) });
    expect(validate(schema, { a: [[], [{ b: 1 }]] })).toMatchObject({ issues: [{ path: "a[1][0].b" }] });
  });
});
