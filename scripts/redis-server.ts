import { findOrInstall } from "./system-program.ts";

/** Finds redis-server, and installs it where the system can. @throws Error that names the package to install */
export function findRedisServer(): string {
  return findOrInstall({ candidates: ["redis-server"], debianPackage: "redis-server" });
}
