/**
 * The CPU time of the server and of the load, as the Linux scheduler counts it.
 * Used by every workload, around the part that is measured.
 * Counts all threads of a process: garbage collection and compression run on threads of their own.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Microseconds of all threads of a process so far, and of the processes that it has started. */
function cpuOf(pid: number): number {
  const tasks = `/proc/${String(pid)}/task`;
  let nanoseconds = 0;
  for (const child of readFileSync(`${tasks}/${String(pid)}/children`, "utf8").split(" "))
    if (child.trim() !== "") nanoseconds += 1000 * cpuOf(Number(child));
  for (const task of readdirSync(tasks)) {
    try {
      nanoseconds += Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ", 1)[0]);
    } catch {
      // The thread has ended since its folder was listed.
    }
  }
  return nanoseconds / 1000;
}

/** Microseconds. */
export interface Usage {
  readonly serverCpu: number;
  readonly loadCpu: number;
  readonly wall: number;
}

/** Measures what the server and this process use from the creation of the meter on. */
export class UsageMeter {
  readonly #serverPid: number;
  readonly #start: Usage;

  constructor(serverPid: number) {
    this.#serverPid = serverPid;
    this.#start = this.#sample();
  }

  /** What was used since the meter was created. */
  read(): Usage {
    const now = this.#sample();
    const { serverCpu, loadCpu, wall } = this.#start;
    return { serverCpu: now.serverCpu - serverCpu, loadCpu: now.loadCpu - loadCpu, wall: now.wall - wall };
  }

  #sample(): Usage {
    return {
      serverCpu: cpuOf(this.#serverPid),
      loadCpu: cpuOf(process.pid),
      wall: performance.now() * 1000,
    };
  }
}
