/**
 * A server in a process of its own, on a free port. Each measurement starts one.
 * The process has the memory probe if memory or a CPU profile is measured.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFreePort } from "../../../scripts/free-port.ts";
import * as children from "./children.ts";
import { commandOf } from "./servers.ts";
import type { ServerSpec } from "./servers.ts";

export interface ServerProcess {
  readonly process: ChildProcess;
  readonly port: number;
  /** Rejects when the process ends. Never resolves. */
  readonly exited: () => Promise<never>;
  readonly end: () => Promise<void>;
}

export interface ServerRun {
  readonly needsMemory?: boolean;
  readonly isCompressing?: boolean;
  /** The folder for a CPU profile. @default no profile */
  readonly profile?: string | undefined;
  /** The number of nodes of a cluster. @default 2 */
  readonly nodes?: number | undefined;
  /** The SQLite file with the sessions of the users. */
  readonly database?: string | undefined;
}

const START_TIMEOUT_MS = 20_000;
const probe = fileURLToPath(new URL("./probe.js", import.meta.url));

/** Starts a server. Resolves when it accepts connections. */
export async function startServer(spec: ServerSpec, run: ServerRun = {}): Promise<ServerProcess> {
  const port = await findFreePort();
  const child = spawnServer(spec, run, port);
  let errorOutput = "";
  child.stderr?.on("data", (chunk: Buffer) => (errorOutput = (errorOutput + chunk.toString()).slice(-2_000)));
  const exited = async (): Promise<never> => {
    if (child.exitCode === null) await once(child, "exit");
    throw new Error(`the server ended: ${reasonIn(errorOutput)}`);
  };
  await Promise.race([waitUntilListening(port), exited()]);
  return {
    process: child,
    port,
    exited,
    end: () => end(child, run.profile !== undefined || spec.node !== undefined),
  };
}

function spawnServer(spec: ServerSpec, run: ServerRun, port: number): ChildProcess {
  const { needsMemory = false, isCompressing = false, profile, database } = run;
  const flags: string[] = [];
  const hasProbe = needsMemory || profile !== undefined;
  const probing = spec.runtime === "bun" ? ["--preload", probe] : ["--expose-gc", "--import", probe];
  flags.push(...(hasProbe ? probing : []), ...profiling(profile));
  const [program, args] = commandOf(spec, flags);
  if (spec.node !== undefined) args.push(fileURLToPath(spec.node.program), String(run.nodes ?? 2));
  const env = {
    ...{ PATH: process.env["PATH"], NODE_ENV: "production", PORT: String(port) },
    ...(isCompressing ? { COMPRESSION: "on" } : {}),
    ...spec.node?.env,
    ...(database === undefined ? {} : { DATABASE: database }),
  };
  return children.track(
    spawn(program, args, {
      env,
      stdio: hasProbe ? ["ignore", "ignore", "pipe", "ipc"] : ["ignore", "ignore", "pipe"],
    }),
  );
}

/** The line with the error, after which Node writes a stack and its version. */
function reasonIn(output: string): string {
  const lines = output.trim().split("\n");
  return lines.find((line) => line.includes("Error")) ?? lines.at(-1) ?? "";
}

function profiling(directory: string | undefined): string[] {
  return directory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${directory}`];
}

async function end(child: ChildProcess, isGraceful: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(isGraceful ? "SIGTERM" : "SIGKILL");
  if (isGraceful) setTimeout(() => child.kill("SIGKILL"), 10_000).unref();
  await ended;
}

async function waitUntilListening(port: number): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await acceptsConnections(port))) {
    if (performance.now() > deadline) throw new Error("the server does not listen");
    await pause(50);
  }
}

function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
