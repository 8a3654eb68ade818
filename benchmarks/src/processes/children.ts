/** The child processes of the benchmark, which end with it, also after an interrupt. */
import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/** Adds a process to those that `killChildrenOnExit` kills. */
export function track<TChild extends ChildProcess>(child: TChild): TChild {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Kills the tracked processes when this process ends, and ends it on SIGINT, SIGTERM and SIGHUP. */
export function killChildrenOnExit(): void {
  process.once("exit", () => {
    for (const child of running) child.kill("SIGKILL");
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
}
