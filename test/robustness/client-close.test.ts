import { join } from "node:path";
import { expect, it } from "vitest";
import { binaryOf } from "../support/app-server.ts";
import { startScriptedServer } from "../support/scripted-server.ts";
import { Program } from "../support/program.ts";

/** The close time-out, and what a process takes to end on a busy machine. */
const AT_MOST_MS = 5_000 + 2_500;

it.concurrent.each([
  ["node", "ws"],
  ["node", "native"],
  ["bun", "native"],
] as const)(
  "a process on %s with the sockets of %s ends 5 s after close() on a dead line [s-H11]",
  async (runtime, sockets) => {
    const { url, connections, stop } = await startScriptedServer();
    const file = join(import.meta.dirname, "../fixtures/closing-client.ts");
    const program = new Program(binaryOf(runtime), [file, url, sockets], {
      cwd: join(import.meta.dirname, ".."),
    });
    await program.prints(/open/);
    connections[0]?.socket.pause();
    const startedAt = performance.now();
    const exited = program.end("SIGCONT", AT_MOST_MS).then(
      () => performance.now() - startedAt,
      () => Infinity,
    );
    expect(await exited).toBeLessThan(AT_MOST_MS);
    await program.end("SIGKILL").catch(() => undefined);
    await stop();
  },
);
