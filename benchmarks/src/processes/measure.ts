/**
 * One measurement: a new server process, and a new load process, which runs one job on the server.
 * Called for each run of each server. Ends both processes, also after an error.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Figures, FromLoad, Job, JobPlan, Memory, ToLoad } from "../load/job.ts";
import * as children from "./children.ts";
import { startServer } from "./server-process.ts";
import { runtimes } from "./servers.ts";
import type { ServerSpec } from "./servers.ts";
import type { SessionFiles } from "./sessions.ts";

export interface Measurement {
  readonly server: ServerSpec;
  readonly plan: JobPlan;
  readonly dialect: "plain" | "v1";
  /** The folder for a CPU profile of the server. @default no profile */
  readonly profile: string | undefined;
  /** The sessions of the users. @default none: the user is in the URL */
  readonly sessions?: SessionFiles | undefined;
}

const TIMEOUT_MS = 180_000;
const load = fileURLToPath(new URL("../load/main.ts", import.meta.url));

export async function measure(measurement: Measurement): Promise<Figures> {
  const { plan, profile, server: spec, dialect, sessions } = measurement;
  const server = await startServer(spec, {
    needsMemory: plan.kind === "idle" || plan.kind === "signed-in" || plan.kind === "slow-reader",
    isCompressing: plan.kind === "fan-out" && plan.isCompressed === true,
    profile,
    nodes: "nodes" in plan ? plan.nodes : undefined,
    database: sessions?.database,
  });
  const loader = children.track(
    fork(load, { execPath: runtimes.node, execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] }),
  );
  const timeout = new AbortController();
  try {
    const serverPid = server.process.pid ?? 0;
    const job = {
      ...plan,
      dialect: spec.dialects[dialect],
      port: server.port,
      serverPid,
      cookies: sessions?.cookies,
    };
    return await Promise.race([
      runJob(loader, server.process, job),
      server.exited(),
      pause(TIMEOUT_MS, undefined, { signal: timeout.signal }).then(() => {
        throw new Error("the measurement took over 3 minutes");
      }),
    ]);
  } finally {
    timeout.abort();
    loader.kill("SIGKILL");
    await server.end();
  }
}

async function runJob(loader: ChildProcess, server: ChildProcess, job: Job): Promise<Figures> {
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
