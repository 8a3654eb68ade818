import { globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const PAGE = join(import.meta.dirname, "../../docs/security.md");

/** The rows of the page, each with the test file that it links to. */
const rows = [...readFileSync(PAGE, "utf8").matchAll(/^\| ([A-F]\d+) .*\]\(([^)]+)\) +\|$/gm)].map(
  ([, id = "", link = ""]) => ({ id, file: resolve(dirname(PAGE), link) }),
);

describe("docs/security.md", () => {
  it.each(rows)("docs/security.md links $id to a file with a test of this id", ({ id, file }) => {
    expect(readFileSync(file, "utf8")).toMatch(new RegExp(`["'\`]${id}\\b`));
  });

  it("docs/security.md has every required row once", () => {
    const ids = rows.map(({ id }) => id);
    const count = (group: string, most: number) =>
      Array.from({ length: most }, (_, n) => `${group}${String(n + 1)}`);
    expect(ids).toEqual(expect.arrayContaining([...count("A", 26), ...count("B", 15), ...count("C", 19)]));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("docs/security.md has a row for every attack that a test names", () => {
    const ids = new Set(rows.map(({ id }) => id));
    for (const file of globSync("*.test.ts", { cwd: import.meta.dirname })) {
      const text = readFileSync(join(import.meta.dirname, file), "utf8");
      for (const [, id = ""] of text.matchAll(/["'`]([A-F]\d+)[:"]/g)) expect(ids, file).toContain(id);
    }
  });
});
