// A million visitors, each with a user, a client and rooms of its own, who come and go.
// `pnpm storm --distinct` runs it; a test runs a small part.
// It passes when the heap is back once everything has passed its age, in the test clock's time.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { plainEnvironment } from "../support/program.ts";
import { atMost } from "./bound.ts";
import type { Bound } from "./bound.ts";

const MIB = 1024 * 1024;
const MOST_GROWTH_MIB = 10;

interface Report {
  readonly visitors: number;
  /** Before the visitors, after a full collection, with what the first of them (5,000 at most) have left. */
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
  return [atMost(figure, Number((report.grownBytes / MIB).toFixed(1)), MOST_GROWTH_MIB)];
}
