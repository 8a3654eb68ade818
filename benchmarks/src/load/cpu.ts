import { readdirSync, readFileSync } from "node:fs";

/** The CPU time of all threads of a process, in microseconds, from the operating system's own books. */
export function cpuOf(pid: number): number {
  const tasks = `/proc/${String(pid)}/task`;
  let nanoseconds = 0;
  for (const task of readdirSync(tasks)) {
    try {
      nanoseconds += Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ", 1)[0]);
    } catch {
      // A thread that ended between the two calls.
    }
  }
  return nanoseconds / 1000;
}

export interface Usage {
  /** Microseconds. */
  readonly serverCpu: number;
  readonly loadCpu: number;
  readonly wall: number;
}

/** Stands between two looks at the clocks of the server and of this process. */
export class UsageMeter {
  readonly #serverPid: number;
  #from: Usage;

  constructor(serverPid: number) {
    this.#serverPid = serverPid;
    this.#from = this.#look();
  }

  /** What was used since the meter was made. */
  read(): Usage {
    const to = this.#look();
    const { serverCpu, loadCpu, wall } = this.#from;
    return { serverCpu: to.serverCpu - serverCpu, loadCpu: to.loadCpu - loadCpu, wall: to.wall - wall };
  }

  #look(): Usage {
    return {
      serverCpu: cpuOf(this.#serverPid),
      loadCpu: cpuOf(process.pid),
      wall: performance.now() * 1000,
    };
  }
}
