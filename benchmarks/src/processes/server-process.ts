import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as children from "./children.ts";
import type { ServerSpec } from "./servers.ts";
import { commandOf } from "./servers.ts";

export interface ServerProcess {
  readonly process: ChildProcess;
  readonly port: number;
  /** Rejects when the process ends. */
  readonly died: () => Promise<never>;
  readonly end: () => Promise<void>;
}

export interface ServerRun {
  readonly asksMemory?: boolean;
  readonly isCompressing?: boolean;
  /** A folder for a CPU profile. */
  readonly profile?: string | undefined;
  /** The SQLite file of a server whose users have sessions. */
  readonly database?: string | undefined;
}

const START_MS = 20_000;
const probe = fileURLToPath(new URL("./probe.js", import.meta.url));

/** Resolves when the server listens. */
export async function startServer(spec: ServerSpec, run: ServerRun = {}): Promise<ServerProcess> {
  const port = await findPort();
  const child = spawnServer(spec, run, port);
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
  const died = async (): Promise<never> => {
    if (child.exitCode === null) await once(child, "exit");
    throw new Error(`the server ended: ${complaint.trim().split("\n").at(-1) ?? ""}`);
  };
  await Promise.race([untilListening(port), died()]);
  return { process: child, port, died, end: () => end(child, run.profile !== undefined) };
}

function spawnServer(spec: ServerSpec, run: ServerRun, port: number): ChildProcess {
  const { asksMemory = false, isCompressing = false, profile, database } = run;
  const flags: string[] = [];
  const isProbed = asksMemory || profile !== undefined;
  const probing = spec.runtime === "bun" ? ["--preload", probe] : ["--expose-gc", "--import", probe];
  flags.push(...(isProbed ? probing : []), ...profiling(profile));
  const [program, args] = commandOf(spec, flags);
  const env = {
    ...{ PATH: process.env["PATH"], NODE_ENV: "production", PORT: String(port) },
    ...(isCompressing ? { COMPRESSION: "on" } : {}),
    ...(database === undefined ? {} : { DATABASE: database }),
  };
  return children.keep(
    spawn(program, args, {
      env,
      stdio: isProbed ? ["ignore", "ignore", "pipe", "ipc"] : ["ignore", "ignore", "pipe"],
    }),
  );
}

function profiling(directory: string | undefined): string[] {
  return directory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${directory}`];
}

async function end(child: ChildProcess, inOrder: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(inOrder ? "SIGTERM" : "SIGKILL");
  if (inOrder) setTimeout(() => child.kill("SIGKILL"), 10_000).unref();
  await ended;
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!(await answers(port))) {
    if (performance.now() > deadline) throw new Error("the server does not listen");
    await pause(50);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
