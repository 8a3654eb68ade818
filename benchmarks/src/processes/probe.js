// Loaded into a server before its own code, on Node and on Bun.
// Replies to any message with the memory of the server after garbage collection.
// Exits on SIGTERM, so that the runtime writes its CPU profile.
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";

// "last-resort" shrinks the young generation of V8 as well: it grows by doublings up to 64 MB, and would count as memory
// of connections if one of them fell between two measurements.
const collect = () =>
  globalThis.gc === undefined
    ? globalThis.Bun.gc(true)
    : globalThis.gc({ type: "major", execution: "sync", flavor: "last-resort" });

// Anonymous pages only: pages of the runtime's own file that are loaded meanwhile belong to no connection.
const residentBytes = () => {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(kilobytes) * 1024;
};

process.on("message", async () => {
  // Several rounds, because memory that finalizers release is free only in the next round; with a pause after each round,
  // because a runtime returns pages to the system with a delay.
  for (let round = 0; round < 3; round++) {
    collect();
    await setTimeout(800);
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send({ rss: residentBytes(), heap: heapUsed + external });
});
process.on("SIGTERM", () => process.exit());
