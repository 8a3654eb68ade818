// Compiles a fixture to one JavaScript file, because stripping the types in each of its processes would take longer.
// `AppServer` calls it for Node. Bun reads TypeScript as fast as JavaScript.
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { buildSync } from "esbuild";

/** A folder from which imports resolve as from the fixtures. */
const DIRECTORY = join(import.meta.dirname, "../node_modules/.cache/fixtures");

const compiled = new Map<string, string>();

/** Compiles a program once per process. @returns the path of the JavaScript file */
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
  // Another suite may compile the same fixture at the same time.
  const draft = join(DIRECTORY, `${name}.${String(process.pid)}`);
  writeFileSync(draft, text);
  renameSync(draft, join(DIRECTORY, name));
  compiled.set(file, join(DIRECTORY, name));
  return join(DIRECTORY, name);
}
