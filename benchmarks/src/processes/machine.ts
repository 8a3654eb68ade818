/** The machine in the report: CPU, memory, versions and load average. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, platform, release, totalmem } from "node:os";
import { print } from "../utils/terminal.ts";
import { runtimes } from "./servers.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  /** The versions of the runtimes and of the measured packages. */
  readonly versions: Readonly<Record<string, string>>;
}

const packages = [
  "ws",
  "socket.io",
  "crossws",
  "hono",
  "@hono/node-ws",
  "zod",
  "socket.io-client",
  "partysocket",
  "phoenix",
];

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    versions: {
      Node: versionOf(runtimes.node),
      Bun: versionOf(runtimes.bun),
      ...Object.fromEntries(packages.map((name) => [name, packageVersion(`../../node_modules/${name}`)])),
      uwebsockets: packageVersion("../../servers/uwebsockets/node_modules/uwebsockets"),
    },
  };
}

export function printMachine({ cpu, cores }: Pick<Machine, "cpu" | "cores">): void {
  print(`${cpu}, ${String(cores)} cores; load average ${String(loadAverage())}`);
}

/** The load average of the last minute. */
export function loadAverage(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10;
}

function versionOf(program: string): string {
  return execFileSync(program, ["--version"], { encoding: "utf8" }).trim().replace(/^v/, "");
}

function packageVersion(directory: string): string {
  try {
    const manifest = readFileSync(new URL(`${directory}/package.json`, import.meta.url), "utf8");
    return (JSON.parse(manifest) as { readonly version: string }).version;
  } catch {
    return "not installed";
  }
}
