import { fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Figures, FromLoad, Job, Memory, ToLoad } from "./load/job.ts";
import type { ServerSpec } from "./servers.ts";
import * as children from "./children.ts";
import { commandOf, runtimes } from "./servers.ts";

/** What a job is before there is a server to speak to. */
export type JobPlan = Job extends infer TJob
  ? TJob extends Job
    ? Omit<TJob, "port" | "serverPid" | "dialect">
    : never
  : never;

export interface Measurement {
  readonly server: ServerSpec;
  readonly plan: JobPlan;
  readonly dialect: "plain" | "v1";
  /** A folder for a CPU profile of a server on Node. */
  readonly profile: string | undefined;
}

const START_MS = 20_000;
const PATIENCE_MS = 180_000;
const probe = fileURLToPath(new URL("./probe.js", import.meta.url));
const load = fileURLToPath(new URL("./load/main.ts", import.meta.url));

/** Starts a server and a load, lets them talk, and ends both, whatever happens. */
export async function measure(measurement: Measurement): Promise<Figures> {
  const port = await findPort();
  const server = startServer(measurement, port);
  const loader = children.keep(
    fork(load, { execPath: runtimes.node, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] }),
  );
  const timeout = new AbortController();
  try {
    await Promise.race([untilListening(port), died(server)]);
    const { dialects } = measurement.server;
    const serverPid = server.process.pid ?? 0;
    const job = { ...measurement.plan, dialect: dialects[measurement.dialect], port, serverPid };
    return await Promise.race([
      talk(loader, server.process, job),
      died(server),
      pause(PATIENCE_MS, undefined, { signal: timeout.signal }).then(() => {
        throw new Error("took too long");
      }),
    ]);
  } finally {
    timeout.abort();
    loader.kill("SIGKILL");
    await end(server.process, measurement.profile !== undefined);
  }
}

interface StartedServer {
  readonly process: ChildProcess;
  /** What it last complained about. */
  readonly complaint: () => string;
}

function startServer({ server, plan, profile }: Measurement, port: number): StartedServer {
  const flags: string[] = [];
  const asksMemory = plan.kind === "idle" || plan.kind === "slow-reader";
  const isProbed = asksMemory || profile !== undefined;
  if (server.runtime === "bun") flags.push(...(isProbed ? ["--preload", probe] : []));
  else flags.push(...(isProbed ? ["--expose-gc", "--import", probe] : []), ...profiling(profile));
  const [program, args] = commandOf(server, flags);
  const child = children.keep(
    spawn(program, args, {
      env: { PATH: process.env["PATH"], NODE_ENV: "production", PORT: String(port), ...compressing(plan) },
      stdio: isProbed ? ["ignore", "ignore", "pipe", "ipc"] : ["ignore", "ignore", "pipe"],
    }),
  );
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
  return { process: child, complaint: () => complaint };
}

function compressing(plan: JobPlan): Record<string, string> {
  return plan.kind === "fan-out" && plan.isCompressed === true ? { COMPRESSION: "on" } : {};
}

function profiling(directory: string | undefined): string[] {
  return directory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${directory}`];
}

async function talk(loader: ChildProcess, server: ChildProcess, job: Job): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const send = (message: ToLoad): void => void loader.send(message);
    loader.on("message", (message: FromLoad) => {
      if ("figures" in message) resolve(message.figures);
      else if ("failure" in message) reject(new Error(message.failure));
      else {
        server.once("message", (memory: Memory) => send({ memory }));
        server.send("memory");
      }
    });
    loader.once("exit", () => reject(new Error("the load ended")));
    send({ job });
  });
}

async function died({ process: child, complaint }: StartedServer): Promise<never> {
  if (child.exitCode === null) await once(child, "exit");
  throw new Error(`the server ended: ${complaint().trim().split("\n").at(-1) ?? ""}`);
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
