// Loaded into a server before its own code: tells its memory when it is asked, and ends in order when it is told to.
import process from "node:process";
import { setTimeout } from "node:timers";

// On Node the young generation is given back too: it grows by doublings of up to 64 MB, and whether one of them falls
// between two looks says nothing about what is kept.
const collect = () =>
  globalThis.gc === undefined
    ? globalThis.Bun.gc(true)
    : globalThis.gc({ type: "major", execution: "sync", flavor: "last-resort" });

process.on("message", () => {
  // Twice, because what finalizers let go of is free only the next time.
  collect();
  setTimeout(() => {
    collect();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send({ rss, heap: heapUsed + external });
  }, 500);
});
process.on("SIGTERM", () => process.exit());
