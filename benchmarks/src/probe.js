// Loaded into a server before its own code: tells its memory when it is asked, and ends in order when it is told to.
import process from "node:process";
import { setTimeout } from "node:timers";

const collect = () => (globalThis.gc ?? (() => globalThis.Bun.gc(true)))();

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
