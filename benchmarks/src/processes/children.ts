import type { ChildProcess } from "node:child_process";

const running = new Set<ChildProcess>();

/** Remembers a process, so that it ends when this one does. */
export function keep<TChild extends ChildProcess>(child: TChild): TChild {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** An interrupted benchmark leaves nothing behind. */
export function endWithThisProcess(): void {
  process.once("exit", () => {
    for (const child of running) child.kill("SIGKILL");
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
}
