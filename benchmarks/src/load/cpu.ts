/**
 * The CPU time of the server and of the load, as the Linux scheduler counts it. Every workload reads it before and after a part.
 * All threads of a process count, because garbage collection and compression have their own threads.
 */
import { readdirSync, readFileSync } from "node:fs";

/** The CPU time of all threads of a process and of its child processes, in µs. */
function cpuOf(pid: number): number {
  const tasks = `/proc/${String(pid)}/task`;
  let nanoseconds = 0;
  for (const child of readFileSync(`${tasks}/${String(pid)}/children`, "utf8").split(" "))
    if (child.trim() !== "") nanoseconds += 1000 * cpuOf(Number(child));
  for (const task of readdirSync(tasks)) {
    try {
      nanoseconds += Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ", 1)[0]);
    } catch {
      // The thread has ended after its folder was listed.
    }
  }
  return nanoseconds / 1000;
}

/** CPU times in µs. */
export interface Usage {
  readonly serverCpu: number;
  readonly loadCpu: number;
  readonly wall: number;
}

/** Measures the CPU time of the server and of this process since the creation of the meter. */
export class UsageMeter {
  readonly #serverPid: number;
  readonly #start: Usage;

  constructor(serverPid: number) {
    this.#serverPid = serverPid;
    this.#start = this.#sample();
  }

  /** The CPU times since the creation of the meter. */
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
