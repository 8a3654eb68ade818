import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

it("each row of docs/troubleshooting.md is a mistake that a test makes, and the README links the page [s-M1]", () => {
  const page = readFileSync(join(ROOT, "docs/troubleshooting.md"), "utf8");
  const ids = [...page.matchAll(/<a id="([\w-]+)"><\/a>/g)].map(([, id = ""]) => id);
  const files = readdirSync(import.meta.dirname).map((name) => join(import.meta.dirname, name));
  const react = ["connection.test.tsx", "failures.test.tsx"].map((name) =>
    join(ROOT, "packages/react/src", name),
  );
  const tests = [...files, ...react, join(ROOT, "test/redis/mistakes.test.ts")]
    .map((path) => readFileSync(path, "utf8"))
    .join("");
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThanOrEqual(30);
  expect(ids.filter((id) => !tests.includes(`"${id}"`))).toEqual([]);
  expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain("(docs/troubleshooting.md)");
});
