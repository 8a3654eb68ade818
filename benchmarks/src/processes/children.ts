/** The processes of this benchmark: an interrupted benchmark leaves none of them behind. */
import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/** Kills a process when this one ends. */
export function track<TChild extends ChildProcess>(child: TChild): TChild {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

export function killChildrenOnExit(): void {
  process.once("exit", () => {
    for (const child of running) child.kill("SIGKILL");
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
}
