// An npm project outside the repository with the packed packages.
// The packed suite installs, compiles and runs it.
// The project is in a temporary folder, which `remove` deletes.
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { binaryOf } from "../support/app-server.ts";
import { plainEnvironment } from "../support/program.ts";

const PACKAGES = join(import.meta.dirname, "../../packages");
const CATALOG = join(PACKAGES, "../pnpm-workspace.yaml");
const run = promisify(execFile);

/** The project's other dependencies, in the versions of this repository. */
const NEEDED = [
  "typescript",
  "typescript-5.9",
  "typescript-7",
  "vite",
  "@vitejs/plugin-react",
  "ws",
  "zod",
  "better-auth",
  "prom-client",
  "@types/node",
  "@types/react-dom",
  "@types/ws",
  "@types/bun",
];

export interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** Where a program runs: a folder of the project, by default its own. */
export interface Place {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class Project {
  readonly directory: string;
  readonly #tarballs: string;

  /** @param directory of a project that is installed already; by default a new one */
  constructor(directory = mkdtempSync(join(tmpdir(), "halyard-packed-"))) {
    this.directory = directory;
    this.#tarballs = join(directory, "tarballs");
  }

  async install(): Promise<void> {
    cpSync(join(import.meta.dirname, "fixtures"), this.directory, { recursive: true });
    for (const name of packageNames()) await this.#pack(name);
    const catalog = readFileSync(CATALOG, "utf8");
    const versions = NEEDED.map((name) => [name, versionIn(catalog, name)]);
    const files = readdirSync(this.#tarballs).map((file) => [packageOf(file), `file:tarballs/${file}`]);
    const dependencies: object = {
      ...recipeDependencies(),
      ...dependenciesOf("commonjs"),
      ...(Object.fromEntries([...versions, ...files]) as object),
    };
    writeFileSync(join(this.directory, "package.json"), JSON.stringify({ type: "module", dependencies }));
    const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--loglevel=error"];
    await this.run("npm", {}, "install", ...options);
  }

  /** @throws Error with the program's output, when it fails */
  async run(program: string, place: Place, ...args: string[]): Promise<string> {
    const { code, output } = await this.attempt(program, place, ...args);
    if (code !== 0) throw new Error(`${program} ${args.join(" ")}\n${output}`);
    return output;
  }

  /** Runs a program that may fail. */
  async attempt(program: string, { cwd = ".", env = {} }: Place, ...args: string[]): Promise<Outcome> {
    const options = {
      cwd: resolve(this.directory, cwd),
      timeout: 240_000,
      env: { ...plainEnvironment(), ...env },
    };
    try {
      const { stdout } = await run(program, args, options);
      return { code: 0, output: stdout };
    } catch (error) {
      const { code, stdout, stderr } = error as Partial<Record<"stdout" | "stderr", string>> & {
        code: unknown;
      };
      return { code: typeof code === "number" ? code : 1, output: `${stdout ?? ""}${stderr ?? ""}` };
    }
  }

  /** Every export path of the packages, as an import names it. */
  exports(): string[] {
    return packageNames().flatMap((name) => {
      const path = join(this.directory, "node_modules/@halyard", name, "package.json");
      const { exports } = JSON.parse(readFileSync(path, "utf8")) as { readonly exports: object };
      return Object.keys(exports).map((subpath) => join(`@halyard/${name}`, subpath));
    });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Packs with pnpm, which replaces `workspace:` by real versions. It is installed, because it has started this test. */
  async #pack(name: string): Promise<void> {
    const started = process.env["npm_execpath"] ?? "";
    const pnpm = started.includes("pnpm") ? started : "pnpm";
    const [program, ...args] = /\.c?js$/.test(pnpm) ? [binaryOf("node"), pnpm] : [pnpm];
    await run(program, [...args, "pack", "--pack-destination", this.#tarballs], {
      cwd: join(PACKAGES, name),
    });
  }
}

/** The directories of the packages that are published. */
export function packageNames(): string[] {
  return readdirSync(PACKAGES).filter((name) => {
    const manifest = readFileSync(join(PACKAGES, name, "package.json"), "utf8");
    return (JSON.parse(manifest) as { readonly private?: boolean }).private !== true;
  });
}

/** What the recipes of docs/recipes use, but for NestJS, which is that of the CommonJS fixture. */
function recipeDependencies(): Readonly<Record<string, string>> {
  const manifest = readFileSync(join(import.meta.dirname, "recipe-dependencies.json"), "utf8");
  return JSON.parse(manifest) as Readonly<Record<string, string>>;
}

/** What a folder of the fixtures needs beside: its `package.json` says so, and which modules its files are. */
function dependenciesOf(folder: string): object {
  const manifest = readFileSync(join(import.meta.dirname, "fixtures", folder, "package.json"), "utf8");
  return (JSON.parse(manifest) as { readonly dependencies: object }).dependencies;
}

function versionIn(catalog: string, name: string): string {
  const entries = catalog.split("\n").map((line) => /^ {2}"?([^":]+)"?: "?([^"]+)"?$/.exec(line));
  const version = entries.find((entry) => entry?.[1] === name)?.[2];
  if (version === undefined) throw new Error(`${name} is not in the catalog`);
  return version;
}

/** `halyard-better-auth-0.1.0.tgz` is `@halyard/better-auth`. */
function packageOf(file: string): string {
  return `@halyard/${file.replace(/^halyard-/, "").replace(/-\d+\.\d+\.\d+.*$/, "")}`;
}
