/**
 * Runs test files of today against the packages of another commit: `pnpm test:against fa6ded8 -- test/robustness/http.test.ts`.
 * The commit is built once, in the system's folder for temporary files. Its own tests make way for today's, which therefore reach the
 * packages through their names only. A test that shows a mended fault fails there and passes here.
 * Today's @halyard/testing, as built here, is put beside the commit's own: it is a tool of the tests (see test/support/shared-store.ts).
 * Packages of others that today's suites use and the commit's did not have are linked.
 */
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

async function build(): Promise<void> {
  rmSync(checkout, { recursive: true, force: true });
  mkdirSync(checkout, { recursive: true });
  execFileSync("tar", ["-x", "-C", checkout], { input: git("archive", sha) });
  const install = ["install", "--frozen-lockfile", "--prefer-offline"];
  await succeed("pnpm", install);
  await succeed("turbo", ["run", "build", "--filter=./packages/*"]);
  mkdirSync(built);
}

async function succeed(program: string, args: readonly string[]): Promise<void> {
  const code = await run(program, args, { cwd: checkout, quiet: true });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} failed in ${checkout}`);
}

/** Its dependencies stay: `package.json` and `node_modules` of the commit's suites. */
function replaceTests(): void {
  const stays = new Set(["package.json", "node_modules", ".reports"]);
  cpSync("test", join(checkout, "test"), {
    recursive: true,
    filter: (source) => !stays.has(relative("test", source)),
  });
  // Tests read their expectations from today's pages.
  cpSync("docs", join(checkout, "docs"), { recursive: true });
  const testing = join("packages", "testing", "dist");
  if (existsSync(testing)) cpSync(testing, join(checkout, testing, "today"), { recursive: true });
  linkDependencies();
}

function linkDependencies(): void {
  const { devDependencies } = JSON.parse(readFileSync("test/package.json", "utf8")) as Manifest;
  for (const name of Object.keys(devDependencies)) {
    const link = join(checkout, "test", "node_modules", name);
    if (existsSync(link)) continue;
    rmSync(link, { force: true }); // of a checkout that is gone
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
