// Compiles TypeScript projects that exist only for a test.
// The types, README and reference suites use it with the oldest, the usual and the newest supported TypeScript.
// The projects are below `test/.reports`, where the packages of the workspace resolve.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { binaryOf } from "./app-server.ts";
import { IS_LONG } from "./long-run.ts";

const require = createRequire(import.meta.url);
const GENERATED = join(import.meta.dirname, "../.reports/generated");

export type Compiler = "typescript-5.9" | "typescript" | "typescript-7";
/** The oldest and the newest compiler; in the long form also the one between, with which `pnpm check` compiles every package. */
export const COMPILERS: readonly Compiler[] = IS_LONG
  ? ["typescript-5.9", "typescript", "typescript-7"]
  : ["typescript-5.9", "typescript-7"];

/** The compiler options of a project with every strict check. */
export const STRICT = {
  target: "ES2023",
  lib: ["ES2023", "DOM"],
  module: "ESNext",
  moduleResolution: "bundler",
  moduleDetection: "force",
  verbatimModuleSyntax: true,
  isolatedModules: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  types: ["node"],
};

/** Writes these files and a tsconfig.json. @returns their folder, which is below `test/`, so that the packages resolve */
export function project(name: string, files: Readonly<Record<string, string>>, options: object = {}): string {
  const directory = join(GENERATED, name);
  if (existsSync(directory)) rmSync(directory, { recursive: true });
  mkdirSync(directory, { recursive: true });
  const compilerOptions = { ...STRICT, ...options };
  const tsconfig = { compilerOptions, files: Object.keys(files).filter((file) => /\.tsx?$/.test(file)) };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(tsconfig));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
  return directory;
}

export interface Compilation {
  readonly ok: boolean;
  /** The compiler's diagnostics, and its statistics where the flags ask for them. */
  readonly output: string;
}

/** Runs a compiler in a process of its own. */
export async function compile(
  compiler: Compiler,
  directory: string,
  flags: readonly string[] = [],
): Promise<Compilation> {
  const tsc = join(dirname(require.resolve(`${compiler}/package.json`)), "bin/tsc");
  try {
    const { stdout } = await promisify(execFile)(binaryOf("node"), [
      tsc,
      "-p",
      directory,
      "--pretty",
      "false",
      ...flags,
    ]);
    return { ok: true, output: stdout };
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    return { ok: false, output: stdout + stderr };
  }
}
