import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export type RuntimeName = "node" | "bun" | "deno" | "workerd";

/** The folder of installed versions; git ignores it. */
const cache = resolve(".cache/runtimes");

/** The features that fixtures need, and their flags on an old Node. Node 22.18 has both features without a flag. */
const nodeFeatures = [
  { flag: "--experimental-strip-types", test: "process.features.typescript" },
  { flag: "--experimental-sqlite", test: "require('node:module').isBuiltin('node:sqlite')" },
];

/** Installs a version (`22.12.0`, `latest`) from npm, unless it is installed. @returns the folder with its binary */
export function installRuntime(runtime: RuntimeName, version: string): string {
  const exact = npm(["view", `${runtime}@${version}`, "version"]).trim();
  if (!/^\d+\.\d+\.\d+\S*$/.test(exact)) throw new Error(`npm has no single ${runtime}@${version}: ${exact}`);
  const directory = join(cache, `${runtime}-${exact}`);
  if (existsSync(directory)) return directory;

  const incomplete = `${directory}.incomplete`;
  rmSync(incomplete, { recursive: true, force: true });
  mkdirSync(incomplete, { recursive: true });
  npm(["install", "--prefix", incomplete, "--no-audit", "--no-fund", `${runtime}@${exact}`]);
  const binary = join("node_modules/.bin", runtime);
  const flags = runtime !== "node" ? [] : missingFeatures(join(incomplete, binary));
  if (flags.length === 0) symlinkSync(binary, join(incomplete, runtime));
  else writeFileSync(join(incomplete, runtime), withFlags(join(directory, binary), flags), { mode: 0o755 });
  renameSync(incomplete, directory);
  return directory;
}

function missingFeatures(node: string): string[] {
  return nodeFeatures
    .filter(
      ({ test }) => execFileSync(node, ["-p", `Boolean(${test})`], { encoding: "utf8" }).trim() === "false",
    )
    .map(({ flag }) => flag);
}

/** A shell script for the binary. Child processes inherit NODE_OPTIONS; `exec` passes signals and the exit code through. */
function withFlags(binary: string, flags: readonly string[]): string {
  const options = [...flags, "--disable-warning=ExperimentalWarning"].join(" ");
  return `#!/bin/sh\nNODE_OPTIONS="${options} $NODE_OPTIONS" exec "${binary}" "$@"\n`;
}

/** Runs npm without the settings of pnpm in the environment, of which npm would warn. @returns its output */
function npm(args: readonly string[]): string {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^p?npm_/i.test(name)));
  return execFileSync("npm", args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "inherit"] });
}
