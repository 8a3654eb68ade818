// Loaded into a server before its own code: tells its memory when it is asked, and ends in order when it is told to.
import process from "node:process";
import { setTimeout } from "node:timers/promises";

// On Node the young generation is given back too: it grows by doublings of up to 64 MB, and whether one of them falls
// between two looks says nothing about what is kept.
const collect = () =>
  globalThis.gc === undefined
    ? globalThis.Bun.gc(true)
    : globalThis.gc({ type: "major", execution: "sync", flavor: "last-resort" });

process.on("message", async () => {
  // More than once, because what finalizers let go of is free only the next time; and with a pause after each, because
  // a runtime gives pages back in its own time.
  for (let round = 0; round < 3; round++) {
    collect();
    await setTimeout(400);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send({ rss, heap: heapUsed + external });
});
process.on("SIGTERM", () => process.exit());
