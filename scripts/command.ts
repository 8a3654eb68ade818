import { spawn } from "node:child_process";

export interface CommandOptions {
  /** Show the output only when the command fails. @default false */
  readonly quiet?: boolean;
  /** The working directory. @default the current one */
  readonly cwd?: string;
  /** @default the environment of this process */
  readonly env?: NodeJS.ProcessEnv;
}

/** Variables for output that is no terminal: without them turbo forces colours on its tasks. */
const plainOutput = { FORCE_COLOR: "0", NO_COLOR: "1" };

/** Runs a program of the workspace; pnpm has put `node_modules/.bin` on the path. @returns its exit code; 1 after a signal */
export function run(program: string, args: readonly string[], options: CommandOptions = {}) {
  const { quiet = false, cwd = ".", env = process.env } = options;
  return new Promise<number>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
      env: { ...env, ...(process.stdout.isTTY ? {} : plainOutput), TURBO_TELEMETRY_DISABLED: "1" },
    });
    const held: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => held.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => held.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code !== 0) process.stdout.write(Buffer.concat(held));
      resolve(code ?? 1);
    });
  });
}
