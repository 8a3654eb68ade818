// Loaded into a server before its own code: tells its memory when it is asked, and ends in order when it is told to.
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";

// On Node the young generation is given back too: it grows by doublings of up to 64 MB, and whether one of them falls
// between two looks says nothing about what is kept.
const collect = () =>
  globalThis.gc === undefined
    ? globalThis.Bun.gc(true)
    : globalThis.gc({ type: "major", execution: "sync", flavor: "last-resort" });

// Without pages of files: those of the runtime's own code that were read meanwhile belong to no connection.
const residentBytes = () => {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(kilobytes) * 1024;
};

process.on("message", async () => {
  // More than once, because what finalizers let go of is free only the next time; and with a pause after each, because
  // a runtime gives pages back in its own time.
  for (let round = 0; round < 3; round++) {
    collect();
    await setTimeout(800);
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send({ rss: residentBytes(), heap: heapUsed + external });
});
process.on("SIGTERM", () => process.exit());
