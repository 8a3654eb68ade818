import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export type RuntimeName = "node" | "bun";

/** Where the versions are kept that tests were run on; git ignores it. */
const cache = resolve(".cache/runtimes");

/** What the fixtures need and every Node from 22.18 has without being asked. */
const nodeFeatures = [
  { flag: "--experimental-strip-types", test: "process.features.typescript" },
  { flag: "--experimental-sqlite", test: "require('node:module').isBuiltin('node:sqlite')" },
];

/** Installs a version (`22.12.0`, `latest`) from npm unless it is there; the folder that has its binary. */
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
  const flags = runtime === "bun" ? [] : missingFeatures(join(incomplete, binary));
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

/** A program of the same process, so that signals and exit codes are the runtime's own. */
function withFlags(binary: string, flags: readonly string[]): string {
  return `#!/bin/sh\nexec "${binary}" ${flags.join(" ")} --disable-warning=ExperimentalWarning "$@"\n`;
}

/** Without the settings of the pnpm that has started this script, of which npm warns. */
function npm(args: readonly string[]): string {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^p?npm_/i.test(name)));
  return execFileSync("npm", args, { encoding: "utf8", env, stdio: ["ignore", "pipe", "inherit"] });
}
