// Visitors who connect, send and disconnect, each with its own user, client and rooms.
// `pnpm storm --distinct 1000000` runs a million of them, and a test a small part.
// A run passes if the heap has grown by at most 10 MiB after the test clock has passed every retention time.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { plainEnvironment } from "../support/program.ts";
import { atMost } from "./bound.ts";
import type { Bound } from "./bound.ts";

const MIB = 1024 * 1024;
const MAX_GROWTH_MIB = 10;

interface Report {
  readonly visitors: number;
  /** The heap before the visitors, after a full collection. A warm-up of at most 5,000 other visitors has run before. */
  readonly heapBytes: number;
  readonly grownBytes: number;
}

export async function distinct(runtime: Runtime, visitors: number): Promise<readonly Bound[]> {
  const program = join(import.meta.dirname, "distinct-process.ts");
  const { stdout } = await promisify(execFile)(binaryOf(runtime), [program, String(visitors)], {
    env: plainEnvironment(),
  });
  const report = JSON.parse(stdout) as Report;
  const heap = (report.heapBytes / MIB).toFixed(1);
  const figure = `growth of a heap of ${heap} MiB after ${report.visitors.toLocaleString("en")} visitors, MiB`;
  return [atMost(figure, Number((report.grownBytes / MIB).toFixed(1)), MAX_GROWTH_MIB)];
}
