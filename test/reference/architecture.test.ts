import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { layers } from "../../scripts/house/layers.ts";
import { headings } from "./samples.ts";

const ROOT = join(import.meta.dirname, "../..");
const FILE = join(ROOT, "ARCHITECTURE.md");

/** Rows of tables, as cells without their markup. */
function rowsOf(markdown: string): { readonly name: string; readonly row: string }[] {
  return [...markdown.matchAll(/^\|(.+)\|\s*$/gm)].map(([row, cells = ""]) => ({
    name: plain(cells.split("|")[0] ?? ""),
    row,
  }));
}

function plain(text: string): string {
  return text.replaceAll(/[`*]|\[|\]\([^)]*\)/g, "").trim();
}

describe("ARCHITECTURE.md", () => {
  const rows = existsSync(FILE) ? rowsOf(readFileSync(FILE, "utf8")) : [];

  it.each(headings)(
    "ARCHITECTURE.md has one row for the reference's heading %j, with a file that exists",
    (heading) => {
      const [row, ...others] = rows.filter(({ name }) => name === plain(heading));
      expect(row, "a row whose first cell is the heading").toBeDefined();
      expect(others).toEqual([]);
      const files = [...(row?.row ?? "").matchAll(/[\w.@-]+(?:\/[\w.@-]+)*\.(?:ts|tsx|md|json|yaml)\b/g)].map(
        ([file]) => file,
      );
      expect(files.some((file) => existsSync(join(ROOT, file)))).toBe(true);
    },
  );

  it("ARCHITECTURE.md has the folders of the server in the order of their layers", () => {
    const named = rows.flatMap(({ row }) =>
      [...(/^\|[^|]+/.exec(row)?.[0].matchAll(/\(packages\/server\/src\/(\w+)\)/g) ?? [])].map(
        ([, name]) => name,
      ),
    );
    const folders = (layers["packages/server/src"] ?? []).flat().filter((name) => name.endsWith("/"));
    expect(named).toEqual(folders.map((name) => name.slice(0, -1)));
  });
});
