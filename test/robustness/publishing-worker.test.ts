// A worker that has nothing else to do: its process lives until its publish has an answer, and no longer.
import { join } from "node:path";
import { expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { Program } from "../support/program.ts";

it.concurrent.each(["node", "bun"] as const)(
  "a worker on %s lives until a publish with an idempotencyKey that failed at first is repeated, and ends then",
  async (runtime) => {
    const file = join(import.meta.dirname, "../fixtures/publishing-worker.ts");
    const program = new Program(binaryOf(runtime), [file], { cwd: join(import.meta.dirname, "..") });
    await program.prints(/published in room:exports, attempt 2/);
    expect(await program.end("SIGCONT")).toBe(0);
  },
);
