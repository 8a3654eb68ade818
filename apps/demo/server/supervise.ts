// `node dist/server/supervise.js dist/server/node.js`, or the same with Bun: runs the program of the server as a child process,
// and starts it again after a SIGKILL, which a button of the front page sends. This program ends with any other end of the server.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

/** The pause before the next start, in which visitors see that the server is missing, in ms. */
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
  // A group of its own: Ctrl+C reaches only this program, which passes the signal on once. The end of the pipe tells the server that
  // this program has ended.
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
