import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as children from "./children.ts";
import type { Figures, FromLoad, Job, JobPlan, Memory, ToLoad } from "../load/job.ts";
import { startServer } from "./server-process.ts";
import type { ServerSpec } from "./servers.ts";
import type { SessionFiles } from "./sessions.ts";
import { runtimes } from "./servers.ts";

export interface Measurement {
  readonly server: ServerSpec;
  readonly plan: JobPlan;
  readonly dialect: "plain" | "v1";
  /** A folder for a CPU profile of a server on Node. */
  readonly profile: string | undefined;
  /** Where the server reads who a client is, and what the clients send. @default the URL says it */
  readonly sessions?: SessionFiles | undefined;
}

const PATIENCE_MS = 180_000;
const load = fileURLToPath(new URL("../load/main.ts", import.meta.url));

/** Starts a server and a load, lets them talk, and ends both, whatever happens. */
export async function measure(measurement: Measurement): Promise<Figures> {
  const { plan, profile, server: spec, dialect, sessions } = measurement;
  const server = await startServer(spec, {
    asksMemory: plan.kind === "idle" || plan.kind === "signed-in" || plan.kind === "slow-reader",
    isCompressing: plan.kind === "fan-out" && plan.isCompressed === true,
    profile,
    database: sessions?.database,
  });
  const loader = children.keep(
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
      talk(loader, server.process, job),
      server.died(),
      pause(PATIENCE_MS, undefined, { signal: timeout.signal }).then(() => {
        throw new Error("took too long");
      }),
    ]);
  } finally {
    timeout.abort();
    loader.kill("SIGKILL");
    await server.end();
  }
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
