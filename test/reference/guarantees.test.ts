import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, it } from "vitest";

const PAGE = join(import.meta.dirname, "../../docs/guarantees.md");

/** The tests that the page names, each with its file. */
const named = [...readFileSync(PAGE, "utf8").matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)].map(
  ([, name = "", link = ""]) => ({ name, file: resolve(dirname(PAGE), link) }),
);

it("docs/guarantees.md names more than 30 tests", () => {
  expect(named.length).toBeGreaterThan(30);
});

it.each(named)("docs/guarantees.md names a test that exists: $name", ({ name, file }) => {
  expect(readFileSync(file, "utf8")).toContain(name);
});
