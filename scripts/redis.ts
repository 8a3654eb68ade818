import { findOrInstall } from "./system-program.ts";

/** The path of a Redis server. */
export function findRedisServer(): string {
  return findOrInstall({ candidates: ["redis-server"], debianPackage: "redis-server" });
}
