/**
 * Creates sessions for workloads whose clients are signed in by Better Auth, with the version of Better Auth that reads them.
 * Called once per workload and build before its runs, so that no figure includes it.
 */
import { execFile } from "node:child_process";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { JobPlan } from "../load/job.ts";
import { showProgress } from "../utils/terminal.ts";
import { runtimes } from "./servers.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const creator = new URL("../../servers/create-sessions.ts", import.meta.url);

export interface SessionFiles {
  /** The path of the SQLite file, for the server. */
  readonly database: string;
  /** The path of a JSON file with the origin and the cookies of all sessions, for the load. */
  readonly cookies: string;
}

/**
 * @param servers the folder of the servers that read the sessions
 * @returns undefined for a job without sessions
 */
export async function sessionsFor(plan: JobPlan, servers: URL): Promise<SessionFiles | undefined> {
  if (plan.kind !== "signed-in") return undefined;
  showProgress(`${String(plan.to)} users sign up`);
  return createSessions(servers, plan.to);
}

async function createSessions(servers: URL, count: number): Promise<SessionFiles> {
  const folder = createTemporaryFolder();
  const files = { database: join(folder, "auth.db"), cookies: join(folder, "cookies.json") };
  const script = fileURLToPath(new URL(basename(creator.pathname), servers));
  const env = { PATH: process.env["PATH"], NODE_ENV: "production" };
  await promisify(execFile)(runtimes.node, [script, files.database, files.cookies, String(count)], { env });
  return files;
}
