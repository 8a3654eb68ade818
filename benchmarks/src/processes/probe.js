// Loaded into a server before its own code, on Node and on Bun.
// Replies to any message with the memory of the server after garbage collection.
// Exits on SIGTERM, so that the runtime writes its CPU profile.
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";

// "last-resort" also shrinks the young generation of V8, which grows by doublings up to 64 MB. Without it, a doubling between two
// measurements would count as memory of connections.
const collect = () =>
  globalThis.gc === undefined
    ? globalThis.Bun.gc(true)
    : globalThis.gc({ type: "major", execution: "sync", flavor: "last-resort" });

// Counts anonymous pages only, because pages of the file of the runtime that are loaded meanwhile belong to no connection.
const residentBytes = () => {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(kilobytes) * 1024;
};

process.on("message", async () => {
  // Several rounds, because memory that finalizers release is free only after the next round. A pause after each round, because a
  // runtime returns pages to the system with a delay.
  for (let round = 0; round < 3; round++) {
    collect();
    await setTimeout(800);
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send({ rss: residentBytes(), heap: heapUsed + external });
});
process.on("SIGTERM", () => process.exit());
