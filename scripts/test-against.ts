// `pnpm test:against fa6ded8 -- test/robustness/http.test.ts`: runs test files of this checkout on the packages of another commit.
// The script builds the commit once, in the folder for temporary files, and replaces its tests with those of this checkout, which
// reach the packages by their names only. A test of a mended fault fails there and passes here.
// The build of @halyard/testing of this checkout is copied beside that of the commit (see test/support/shared-store.ts).
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { run } from "./command.ts";

const separator = process.argv.indexOf("--");
const [commit] = process.argv.slice(2, separator === -1 ? undefined : separator);
const files = separator === -1 ? [] : process.argv.slice(separator + 1);
if (commit === undefined || files.length === 0) {
  throw new Error("Usage: pnpm test:against <commit> -- <test file>…");
}

const sha = git("rev-parse", "--verify", `${commit}^{commit}`).toString().trim();
const checkout = join(tmpdir(), "halyard-against", sha);
const built = join(checkout, ".built");
if (!existsSync(built)) await build();
replaceTests();
process.exitCode = await run("vitest", ["run", ...files.map((file) => relative("test", file))], {
  cwd: join(checkout, "test"),
});

/** Checks out and builds the packages of the commit. */
async function build(): Promise<void> {
  rmSync(checkout, { recursive: true, force: true });
  mkdirSync(checkout, { recursive: true });
  execFileSync("tar", ["-x", "-C", checkout], { input: git("archive", sha) });
  const install = ["install", "--frozen-lockfile", "--prefer-offline"];
  await runOrThrow("pnpm", install);
  await runOrThrow("turbo", ["run", "build", "--filter=./packages/*"]);
  mkdirSync(built);
}

async function runOrThrow(program: string, args: readonly string[]): Promise<void> {
  const code = await run(program, args, { cwd: checkout, quiet: true });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} failed in ${checkout}`);
}

/** Replaces the suites of the commit, but not their dependencies. */
function replaceTests(): void {
  const kept = new Set(["package.json", "node_modules", ".reports"]);
  cpSync("test", join(checkout, "test"), {
    recursive: true,
    filter: (source) => !kept.has(relative("test", source)),
  });
  // Tests read their expectations from these pages.
  cpSync("docs", join(checkout, "docs"), { recursive: true });
  const testing = join("packages", "testing", "dist");
  if (existsSync(testing)) cpSync(testing, join(checkout, testing, "today"), { recursive: true });
  linkDependencies();
}

/** Links the dependencies of the suites of this checkout that the commit does not have. */
function linkDependencies(): void {
  const { devDependencies } = JSON.parse(readFileSync("test/package.json", "utf8")) as Manifest;
  for (const name of Object.keys(devDependencies)) {
    const link = join(checkout, "test", "node_modules", name);
    if (existsSync(link)) continue;
    rmSync(link, { force: true }); // a link to a checkout that no longer exists
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join("test", "node_modules", name)), link);
  }
}

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
}

function git(...args: readonly string[]): Buffer {
  return execFileSync("git", args, { maxBuffer: 1 << 30 });
}
