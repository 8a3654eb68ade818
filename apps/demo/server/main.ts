import type { Application } from "./application.ts";
import { createApplication } from "./application.ts";
import { findRoot, readConfig } from "./config.ts";

/** Starts the application with the `listen` function of a runtime, and prints its address, or one line with the reason of a failure. */
export async function main(listen: (application: Application) => Promise<void> | void): Promise<void> {
  try {
    const application = await createApplication(readConfig(process.env, findRoot(import.meta.dirname)));
    await listen(application);
    if (application.config.isSupervised) endWithSupervisor();
    process.stdout.write(`\n  ⚑ Halyard demo  ${application.config.publicOrigin}\n\n`);
  } catch (error) {
    process.stderr.write(`Halyard demo: ${explain(error)}\n`);
    // At once, because the connections to Redis would keep the process alive.
    process.exit(1);
  }
}

/** Ends this process when the pipe from the supervisor closes, because no other process would end it then. */
function endWithSupervisor(): void {
  process.stdin.on("end", () => process.exit(1)).resume();
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isTaken = "code" in error && error.code === "EADDRINUSE";
  return isTaken ? "the port is in use; set PORT to another one" : error.message;
}
