// `pnpm demo`, `pnpm demo:bun` and `pnpm demo:cluster`: builds the demo and its packages, and runs a script of its package.json.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { run } from "./command.ts";

const script = process.argv[2] ?? "start";
const directory = resolve("apps/demo");

process.stdout.write("Building the demo …\n");
const code = await run("turbo", ["run", "build", "--filter=@halyard/demo..."], { quiet: true });
if (code === 0) start(readStartCommand());
else process.exitCode = code;

function readStartCommand(): string {
  const manifest = JSON.parse(readFileSync(`${directory}/package.json`, "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const command = manifest.scripts[script];
  if (command === undefined) throw new Error(`apps/demo has no script "${script}"`);
  return command;
}

function start(command: string): void {
  // `exec` leaves one process, so that a signal to this script reaches the server itself.
  const server = spawn(`exec ${command}`, {
    cwd: directory,
    shell: true,
    stdio: "inherit",
    env: { ...process.env, PATH: `${directory}/node_modules/.bin${delimiter}${process.env["PATH"] ?? ""}` },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => server.kill(signal));
  }
  server.once("exit", (exitCode) => (process.exitCode = exitCode ?? 1));
}
