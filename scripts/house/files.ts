import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import ts from "typescript";

/** A TypeScript or JavaScript file, parsed. Its path is relative to the root of the workspace. */
export interface SourceFile {
  readonly path: string;
  readonly ast: ts.SourceFile;
}

const sourceExtensions = new Set([".ts", ".tsx", ".js", ".mjs"]);
const generated = new Set(["node_modules", "dist", "coverage"]);

/** Every file under a folder, except the output of tools. */
export function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || generated.has(entry.name)) return [];
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? listFiles(root, path) : [path];
  });
}

export function isSource(path: string): boolean {
  return sourceExtensions.has(extname(path));
}

export function isTest(path: string): boolean {
  return /\.test(-d)?\.tsx?$/.test(path);
}

/** Whether a file is a test or a helper of tests, for which `eslint.config.js` has no limit of function length. */
export function isTestCode(path: string): boolean {
  return isTest(path) || /^(packages\/[^/]+\/)?test\//.test(path);
}

export function readSource(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), "utf8");
  return { path, ast: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
}

/** The number of the line on which a node starts, from 1. */
export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile();
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

/** Calls `visit` for every node of a file, from top to bottom. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}
