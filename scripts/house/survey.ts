import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { findCircles, type Graph } from "./circles.ts";
import { isSource, isTest, listFiles, readSource } from "./files.ts";
import { createResolver, findImports, type Import, type Resolve } from "./imports.ts";
import { longestFunction, readLines, type LongFunction } from "./lines.ts";
import { findNames, type Name } from "./names.ts";
import { findWords } from "./words.ts";

/** A name, or the path of a file, that has a forbidden word as a part. */
interface BadName {
  readonly path: string;
  readonly line: number;
  readonly kind: Name["kind"] | "file name";
  readonly text: string;
  readonly words: readonly string[];
}

/** The measurements of a source file. */
export interface FileFacts {
  readonly path: string;
  /** The package, app or folder of the root that it belongs to. */
  readonly area: string;
  readonly isTest: boolean;
  readonly lines: number;
  readonly blankLines: number;
  readonly commentLines: number;
  readonly longestFunction: LongFunction | undefined;
  readonly imports: readonly Import[];
  readonly badNames: readonly BadName[];
  /** The number of forbidden words in comments, in whatever sense. */
  readonly wordsInComments: number;
}

export interface Survey {
  readonly areas: readonly string[];
  readonly files: readonly FileFacts[];
  readonly graph: Graph;
  /** Groups of files that import each other. */
  readonly circles: readonly (readonly string[])[];
  /** Paths of files, style sheets and images included, that contain a forbidden word. */
  readonly badPaths: readonly BadName[];
  /** The number of forbidden words in the Markdown of each area. */
  readonly wordsInMarkdown: ReadonlyMap<string, number>;
}

const areaPatterns = ["packages/*/", "apps/*/", "benchmarks/", "test/", "scripts/", "docs/"];

/** Reads the workspace at `root`: packages, apps, benchmarks, suites, scripts, docs, and the files of the root itself. */
export function survey(root: string): Survey {
  const folders = areaPatterns.flatMap((pattern) => globSync(pattern, { cwd: root }).sort());
  const areas = [...folders.map((folder) => folder.replace(/\/$/, "")), "."];
  const byArea = areas.map((area) => [area, pathsOf(root, area)] as const);
  const paths = new Set(byArea.flatMap(([, list]) => list));
  const resolve = createResolver(root, paths);
  const files = byArea.flatMap(([area, list]) =>
    list.filter(isSource).map((path) => inspect({ root, area, path, resolve })),
  );
  const graph = new Map(files.map((file) => [file.path, file.imports.map(({ target }) => target)]));
  return {
    areas,
    files,
    graph,
    circles: findCircles(graph),
    badPaths: [...paths].flatMap(badPath),
    wordsInMarkdown: new Map(byArea.map(([area, list]) => [area, countInMarkdown(root, list)])),
  };
}

function pathsOf(root: string, area: string): string[] {
  if (area !== ".") return listFiles(root, area);
  const entries = globSync("*", { cwd: root, withFileTypes: true });
  return entries.flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

interface Inspection {
  readonly root: string;
  readonly area: string;
  readonly path: string;
  readonly resolve: Resolve;
}

function inspect({ root, area, path, resolve }: Inspection): FileFacts {
  const source = readSource(root, path);
  const lines = readLines(source.ast);
  return {
    path,
    area,
    isTest: isTest(path),
    lines: lines.total,
    blankLines: lines.blanks.size,
    commentLines: lines.comments.size,
    longestFunction: longestFunction(source.ast, lines),
    imports: findImports(source, resolve),
    badNames: findBadNames(path, findNames(source.ast)),
    wordsInComments: countIn(lines.texts, path),
  };
}

/** Each bad name once, with the line where it occurs first. */
function findBadNames(path: string, names: readonly Name[]): BadName[] {
  const found = new Map<string, BadName>();
  for (const { kind, text, line } of names) {
    const words = findWords(text, path);
    const key = `${kind} ${text}`;
    if (words.length > 0 && !found.has(key)) found.set(key, { path, line, kind, text, words });
  }
  return [...found.values()];
}

function badPath(path: string): BadName[] {
  const text = posix.basename(path);
  const words = findWords(path, path);
  return words.length === 0 ? [] : [{ path, line: 1, kind: "file name", text, words }];
}

function countInMarkdown(root: string, paths: readonly string[]): number {
  const texts = paths
    .filter((path) => path.endsWith(".md"))
    .map((path) => readFileSync(join(root, path), "utf8"));
  return countIn(texts, "");
}

function countIn(texts: readonly string[], path: string): number {
  return texts.reduce((sum, text) => sum + findWords(text, path).length, 0);
}
