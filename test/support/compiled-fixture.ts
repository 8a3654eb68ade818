// Turns a fixture into one JavaScript file, so that not each of its many processes has to strip the types of all its files.
// Called by AppServer for Node; Bun reads TypeScript as fast.
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildSync } from "esbuild";

/** From there, packages are found as from the fixtures. */
const DIRECTORY = join(import.meta.dirname, "../node_modules/.cache/fixtures");

const compiled = new Map<string, string>();

/** @returns the path of the JavaScript of a program in TypeScript */
export function compiledFixture(file: string): string {
  const known = compiled.get(file);
  if (known !== undefined) return known;
  const { outputFiles } = buildSync({
    entryPoints: [file],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    packages: "external",
    sourcemap: "inline",
  });
  const text = outputFiles.map((output) => output.text).join("");
  const name = `${basename(file, ".ts")}-${createHash("sha256").update(text).digest("hex").slice(0, 16)}.mjs`;
  mkdirSync(DIRECTORY, { recursive: true });
  // Two suites may compile it at once.
  const draft = join(DIRECTORY, `${name}.${String(process.pid)}`);
  writeFileSync(draft, text);
  renameSync(draft, join(DIRECTORY, name));
  compiled.set(file, join(DIRECTORY, name));
  return join(DIRECTORY, name);
}
