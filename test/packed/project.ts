import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";

const PACKAGES = join(import.meta.dirname, "../../packages");
const run = promisify(execFile);

/** What the project would have in its own package.json, at the versions of this repository. */
const NEEDED = ["typescript", "vite", "ws", "zod", "better-auth", "@types/node", "@types/ws", "@types/bun"];

/** An empty project outside of the repository, with Halyard installed from tarballs, by npm. */
export class Project {
  readonly directory = mkdtempSync(join(tmpdir(), "halyard-packed-"));

  async install(): Promise<void> {
    cpSync(join(import.meta.dirname, "fixtures"), this.directory, { recursive: true });
    const tarballs = join(this.directory, "tarballs");
    for (const name of readdirSync(PACKAGES)) {
      await run("pnpm", ["pack", "--pack-destination", tarballs], { cwd: join(PACKAGES, name) });
    }
    const catalog = readFileSync(join(PACKAGES, "../pnpm-workspace.yaml"), "utf8");
    const versions = NEEDED.map((name) => [name, versionIn(catalog, name)]);
    const files = readdirSync(tarballs).map((file) => [packageOf(file), `file:tarballs/${file}`]);
    const dependencies: unknown = Object.fromEntries([...versions, ...files]);
    writeFileSync(join(this.directory, "package.json"), JSON.stringify({ type: "module", dependencies }));
    await this.run("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error");
  }

  /** @throws Error with what the program wrote, when it fails */
  async run(program: string, ...args: string[]): Promise<string> {
    try {
      const { stdout } = await run(program, args, { cwd: this.directory, timeout: 240_000 });
      return stdout;
    } catch (error) {
      const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
      throw new Error(`${program} ${args.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
    }
  }

  /** Starts a server that prints its port. The caller ends it. */
  async serve(runtime: Runtime): Promise<{ readonly port: string; readonly stop: () => void }> {
    const child = spawn(binaryOf(runtime), [`server-${runtime}.ts`], {
      cwd: this.directory,
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const port of createInterface({ input: child.stdout })) {
      return { port, stop: () => child.kill("SIGKILL") };
    }
    throw new Error(`the ${runtime} server has ended without a port`);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function versionIn(catalog: string, name: string): string {
  const version = new RegExp(`^  "?${name}"?: "?([^"\\n]+)"?$`, "m").exec(catalog)?.[1];
  if (version === undefined) throw new Error(`${name} is not in the catalog`);
  return version;
}

/** `halyard-better-auth-0.1.0.tgz` is `@halyard/better-auth`. */
function packageOf(file: string): string {
  return `@halyard/${file.replace(/^halyard-/, "").replace(/-\d+\.\d+\.\d+.*$/, "")}`;
}
