// Runs a program as a user does: in a process of its own, without the variables of the test runner.
// The e2e, README and packed suites start their servers with it.
// `end` ends the process by its id.
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { within } from "./wait.ts";

/** The warning of a server to which the machine gave no processor for a while. */
const BLOCKED_EVENT_LOOP = /^\[halyard\] the event loop was blocked .*\n?/gm;

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class Program {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exited: Promise<number | null>;
  readonly #listeners = new Set<() => void>();
  #output = "";
  #errors = "";

  constructor(command: string, args: readonly string[], { cwd, env }: ProgramOptions) {
    this.#child = spawn(command, args, {
      cwd,
      env: { ...plainEnvironment(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout.on("data", (chunk: Buffer) => {
      this.#output += chunk.toString();
      for (const listener of this.#listeners) listener();
    });
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
  }

  /** The text of standard output. */
  get output(): string {
    return this.#output;
  }

  /** The text of standard error, without the warnings that a busy machine causes. */
  get errors(): string {
    return this.#errors.replaceAll(BLOCKED_EVENT_LOOP, "");
  }

  /** Waits until standard output matches. @throws Error when the program ends before that */
  async prints(pattern: RegExp, ms = 30_000): Promise<RegExpExecArray> {
    const found = Promise.withResolvers<RegExpExecArray | undefined>();
    const check = () => {
      const match = pattern.exec(this.#output);
      if (match) found.resolve(match);
    };
    this.#listeners.add(check);
    check();
    void this.#exited.then(() => {
      found.resolve(undefined);
    });
    const describe = () => `${String(pattern)}\n${this.#output}${this.#errors}`;
    const match = await within(found.promise, describe, ms);
    this.#listeners.delete(check);
    if (!match) throw new Error(`The program has ended without ${describe()}`);
    return match;
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and waits for the end. @returns the exit code; `null` if the signal ended the program */
  async end(signal: NodeJS.Signals = "SIGKILL", ms = 30_000): Promise<number | null> {
    this.signal(signal);
    return within(this.#exited, () => `the program to end after ${signal}\n${this.#errors}`, ms);
  }
}

/** The environment without the variables of the test runner, such as NODE_ENV=test, which turns off checks of Better Auth. */
export function plainEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(vitest|npm_|pnpm_|turbo_|node_env|node_options|force_color|test|dev|prod|mode|base_url|ssr)/i.test(
        name,
      ),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
}
