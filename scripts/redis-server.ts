import { findOrInstall } from "./system-program.ts";

/** Finds redis-server, or installs it where the system can. @throws Error that says in one line what to install */
export function findRedisServer(): string {
  return findOrInstall({ candidates: ["redis-server"], debianPackage: "redis-server" });
}
