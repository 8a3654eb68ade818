import { join } from "node:path";
import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import { describe, expect, it } from "vitest";
import { findFaults } from "../../scripts/house/rules.ts";
import { survey } from "../../scripts/house/survey.ts";
import { descriptionsOf, faultsOf } from "./planted.ts";

const ROOT = join(import.meta.dirname, "../..");
const SERVER = "packages/server/src";

describe("the imports of the workspace", () => {
  const found = survey(ROOT);
  const faults = findFaults(found);

  it("are read in packages, apps, benchmarks, suites and scripts", () => {
    for (const start of ["packages/server/", "apps/demo/", "benchmarks/", "test/", "scripts/"]) {
      const files = found.files.filter(({ path }) => path.startsWith(start));
      expect(files.length).toBeGreaterThan(5);
      expect(files.some(({ imports }) => imports.length > 0)).toBe(true);
    }
  });

  it.each(["circle", "upward import", "no layer", "no file"])("have no fault of the kind %j", (rule) => {
    expect(descriptionsOf(rule, faults)).toEqual([]);
  });
});

describe("the search for circles", () => {
  const type = "export interface A { readonly b: B }";

  it.each([
    ["import", 'import { b } from "./b.ts"; export const a = () => b;'],
    ["import type", `import type { B } from "./b.ts"; ${type}`],
    ["inline type", `import { type B } from "./b.ts"; ${type}`],
    ["export from", 'export { b } from "./b.ts";'],
    ["export * from", 'export * from "./b.ts";'],
    ["export type from", 'export type { B } from "./b.ts";'],
    ["import() type", 'export interface A { readonly b: import("./b.ts").B }'],
    ["typeof import()", 'export type A = typeof import("./b.ts");'],
    ["import()", 'export const a = () => import("./b.ts");'],
    ["import of a .js name", `import type { B } from "./b.js"; ${type}`],
  ])("finds a circle of three files that an `%s` closes", (_, text) => {
    const files = {
      [`${SERVER}/utils/a.ts`]: text,
      [`${SERVER}/utils/b.ts`]: 'import type { C } from "./c.ts"; export interface B { readonly c: C }',
      [`${SERVER}/utils/c.ts`]: 'export interface C { readonly a: import("./a.ts").A }',
    };
    expect(faultsOf("circle", files)).toEqual([expect.stringMatching(/^3 files, of them /)]);
  });

  it("finds a circle that runs through two packages by their names", () => {
    const manifest = (name: string) =>
      JSON.stringify({ name, exports: { ".": { import: { default: "./dist/index.js" } } } });
    const files = {
      "packages/one/package.json": manifest("@halyard/one"),
      "packages/one/src/index.ts": 'export type { B } from "@halyard/two";',
      "packages/two/package.json": manifest("@halyard/two"),
      "packages/two/src/index.ts": 'import type { B as A } from "@halyard/one"; export type B = A;',
    };
    expect(faultsOf("circle", files)).toHaveLength(1);
  });

  it.each(["apps/demo/web", "benchmarks/src", "test/support", "scripts"])(
    "finds a circle of type imports in %s",
    (folder) => {
      const files = {
        [`${folder}/a.ts`]: 'import type { B } from "./b.ts"; export type A = B;',
        [`${folder}/b.ts`]: 'import type { A } from "./a.ts"; export type B = A;',
      };
      expect(faultsOf("circle", files)).toHaveLength(1);
    },
  );

  it("reports no circle where two ways lead to the same file", () => {
    const files = {
      [`${SERVER}/utils/a.ts`]: 'export * from "./b.ts"; export * from "./c.ts";',
      [`${SERVER}/utils/b.ts`]: 'export * from "./d.ts";',
      [`${SERVER}/utils/c.ts`]: 'export * from "./d.ts";',
      [`${SERVER}/utils/d.ts`]: "export const d = 1;",
    };
    expect(faultsOf("circle", files)).toEqual([]);
  });
});

describe("the search for upward imports", () => {
  const handshake = { [`${SERVER}/handshake/hello.ts`]: "export interface Hello { readonly a: 1 }" };

  it.each([
    'import type { Hello } from "../handshake/hello.ts"; export type A = Hello;',
    'export type A = import("../handshake/hello.ts").Hello;',
  ])("finds %j in a folder below the imported one", (text) => {
    expect(faultsOf("upward import", { ...handshake, [`${SERVER}/utils/a.ts`]: text })).toEqual([
      `${SERVER}/utils/a.ts:1 imports ${SERVER}/handshake/hello.ts, which is above it`,
    ]);
  });

  it("passes imports from a folder below, and all imports of a test", () => {
    const files = {
      ...handshake,
      [`${SERVER}/node/a.ts`]: 'export type { Hello } from "../handshake/hello.ts";',
      [`${SERVER}/utils/a.test.ts`]:
        'import type { Hello } from "../handshake/hello.ts"; export type A = Hello;',
    };
    expect(faultsOf("upward import", files)).toEqual([]);
  });

  it("reports a source file in a folder that no layer names", () => {
    expect(faultsOf("no layer", { [`${SERVER}/helpers/a.ts`]: "export const a = 1;" })).toEqual([
      `${SERVER}/helpers/a.ts is in no layer of scripts/house/layers.ts`,
    ]);
  });

  it("has its like in the linter, where eslint reports the same import by its zones", async () => {
    const eslint = new ESLint({ cwd: ROOT, overrideConfig: [tseslint.configs.disableTypeChecked] });
    const lint = async (filePath: string) => {
      const text = 'import type { A } from "../index.ts"; export type B = A;';
      const [result] = await eslint.lintText(text, { filePath });
      return result?.messages.map(({ ruleId }) => ruleId);
    };
    expect(await lint(`${SERVER}/utils/text.ts`)).toContain("import-x/no-restricted-paths");
    expect(await lint(`${SERVER}/node/text.ts`)).not.toContain("import-x/no-restricted-paths");
    expect(await lint(`${SERVER}/utils/text.test.ts`)).not.toContain("import-x/no-restricted-paths");
  });
});

describe("the search for what is too large", () => {
  const lines = (count: number, line = "  call();\n") => line.repeat(count);

  it("finds a function of 61 lines and lets one of 60 pass, blank lines and comments left out", () => {
    const body = `${lines(58)}\n// A comment.\n/* Another\n * one. */\n`;
    const file = (text: string) => ({ "benchmarks/src/a.ts": text });
    expect(faultsOf("long function", file(`export function f() {\n${body}}\n`))).toEqual([]);
    expect(faultsOf("long function", file(`export function f() {\n${body}  call(); // last\n}\n`))).toEqual([
      "benchmarks/src/a.ts:1 f has 61 lines",
    ]);
  });

  it("passes a long function of a test", () => {
    const text = `it("is long", () => {\n${lines(80)}});\n`;
    expect(faultsOf("long function", { [`${SERVER}/a.test.ts`]: text, "test/support/a.ts": text })).toEqual(
      [],
    );
  });

  it("finds a file of 301 lines and lets one of 300 pass", () => {
    expect(faultsOf("long file", { "scripts/a.ts": lines(300) })).toEqual([]);
    expect(faultsOf("long file", { "scripts/a.ts": lines(301) })).toEqual([
      "scripts/a.ts has 301 lines, over 300",
    ]);
  });

  it("finds a folder of 21 source files, tests not counted", () => {
    const files = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`${SERVER}/utils/f${index}.ts`, "export {};"]),
      );
    const test = { [`${SERVER}/utils/a.test.ts`]: "export {};" };
    expect(faultsOf("full folder", { ...files(20), ...test })).toEqual([]);
    expect(faultsOf("full folder", files(21))).toEqual([`${SERVER}/utils has 21 source files, over 20`]);
  });
});

describe("the search for words", () => {
  const wordsIn = (text: string) => faultsOf("word", { "scripts/a.ts": text });

  // Not rows of a table: they would be titles of tests, in which the search would find them.
  it("finds a word that is a part of an identifier or of a test's title, inflected too", () => {
    const texts = [
      "const openDoor = 1;",
      "const LANES = 1;",
      "function wished() {}",
      "class A { #lingering = 1; }",
      "interface Singers {}",
      "type A = { 'the-desk': 1 };",
      "const letGoOfAll = 1;",
      "const { moves } = queue;",
      "it('opens the door', () => {});",
      "it.each([1])('asks the asker %d', () => {});",
      "it.each([['a stranger', 1]])('lets %s in', () => {});",
      "onEachRuntime('a lane', {}, () => {});",
    ];
    expect(texts.filter((text) => wordsIn(text).length !== 1)).toEqual([]);
  });

  it("passes words that only contain one, comments and other texts", () => {
    const texts = [
      "const single = missing + using + planet + outdoor;",
      "removes(moved, move);",
      "const letters = good;",
      "// The stranger at the door.",
      "const text = 'door';",
      "it('removes a single missing plane', () => {});",
    ];
    expect(texts.flatMap(wordsIn)).toEqual([]);
  });

  it("finds a word in the name of a file and of a folder", () => {
    expect(faultsOf("word", { "apps/demo/door/a.css": "", "apps/demo/wishes.css": "" })).toHaveLength(2);
  });
});
