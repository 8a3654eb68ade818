// Runs the server's program as a process of its own, and starts it again when it is killed: the button of the shop window
// that kills the server sends it SIGKILL. Any other end is the end of this program, too.
// `node dist/server/supervise.js dist/server/node.js`; the same with Bun.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

/** The pause before the next start, so that visitors see the server missing. */
const RESTART_MS = 500;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const program = process.argv[2] ?? "";
let server = start();
let isEnding = false;
for (const signal of SIGNALS)
  process.on(signal, () => {
    isEnding = true;
    if (!server.kill(signal)) process.exit(0);
  });

function start(): ChildProcess {
  // A group of its own: Ctrl+C reaches this program alone, which hands it on once. The pipe tells the server when this
  // program is gone.
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, SUPERVISED: "1" },
    stdio: ["pipe", "inherit", "inherit"],
    detached: true,
  });
  child.once("exit", (code, signal) => {
    if (signal === "SIGKILL" && !isEnding) setTimeout(() => (server = start()), RESTART_MS);
    else process.exit(code ?? 1);
  });
  return child;
}
