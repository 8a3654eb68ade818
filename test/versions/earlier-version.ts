// The packages of an earlier commit, out of the history of this clone: nothing is fetched and nothing is installed.
// Each is built by its own configuration, without declarations; the libraries that it needs are those of today.
// `conformance/versions.test.ts` and `versions/main.ts` run clients of one version against servers of another with it.
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../..");
const PACKAGES = join(ROOT, "packages");
const TESTS = join(ROOT, "test");
const TSUP = join(ROOT, "node_modules/tsup/dist/cli-default.js");

/** The first version whose clients and servers have to work with today's. */
export const FIRST_VERSION = "fa6ded8";

export class EarlierVersion {
  readonly #commit: string;
  readonly #directory = mkdtempSync(join(tmpdir(), "halyard-versions-"));

  constructor(commit = FIRST_VERSION) {
    this.#commit = commit;
  }

  /** Builds the named packages of the commit, side by side. */
  async build(names: readonly string[]): Promise<void> {
    this.#extract("packages", "tsup.base.ts", "tsconfig.base.json");
    symlinkSync(join(ROOT, "node_modules"), join(this.#directory, "node_modules"));
    await Promise.all(
      names.map(async (name) => {
        const directory = this.#package(name);
        linkModules(join(PACKAGES, name), directory, (other) => this.#package(other));
        await promisify(execFile)(process.execPath, [TSUP, "--no-dts", "--silent"], { cwd: directory });
      }),
    );
  }

  /** The main file of one of its packages. */
  entry(name: string): string {
    return join(this.#package(name), "dist/index.js");
  }

  /** A folder with the tests of the commit or of today, which find the named packages in the commit's version. */
  suites(tests: "commit" | "today", names: readonly string[]): string {
    const directory = join(this.#directory, tests === "commit" ? "test" : "today");
    if (tests === "commit") this.#extract("test");
    else
      cpSync(TESTS, directory, { recursive: true, filter: (path) => !/node_modules|\.reports/.test(path) });
    linkModules(TESTS, directory, (name) =>
      names.includes(name) ? this.#package(name) : join(PACKAGES, name),
    );
    return directory;
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #package(name: string): string {
    return join(this.#directory, "packages", name);
  }

  #extract(...paths: readonly string[]): void {
    const options = { cwd: ROOT, maxBuffer: 1 << 30, stdio: "pipe" } as const;
    let archive: Buffer;
    try {
      archive = execFileSync("git", ["archive", this.#commit, ...paths], options);
    } catch {
      throw new Error(`The history of this clone does not reach back to ${this.#commit}.`);
    }
    execFileSync("tar", ["-x", "-C", this.#directory], { input: archive });
  }
}

/** Links the modules of one folder into another, except for those of this workspace. */
function linkModules(from: string, to: string, packageOf: (name: string) => string): void {
  const own = join(to, "node_modules/@halyard");
  mkdirSync(own, { recursive: true });
  for (const entry of readdirSync(join(from, "node_modules")))
    if (entry !== "@halyard") symlinkSync(join(from, "node_modules", entry), join(to, "node_modules", entry));
  for (const name of readdirSync(PACKAGES)) symlinkSync(packageOf(name), join(own, name));
}
