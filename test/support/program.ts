import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable } from "node:stream";
import { within } from "./wait.ts";

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A server in a process of its own, started as a user starts it and ended by its id. */
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

  /** What it wrote to standard output. */
  get output(): string {
    return this.#output;
  }

  /** What it wrote to standard error: nothing, when all is well. */
  get errors(): string {
    return this.#errors;
  }

  /** Waits until standard output matches; rejects when the program ends before it. */
  async says(pattern: RegExp, ms = 30_000): Promise<RegExpExecArray> {
    const said = Promise.withResolvers<RegExpExecArray | undefined>();
    const look = () => {
      const match = pattern.exec(this.#output);
      if (match) said.resolve(match);
    };
    this.#listeners.add(look);
    look();
    void this.#exited.then(() => {
      said.resolve(undefined);
    });
    const tell = () => `${String(pattern)}\n${this.#output}${this.#errors}`;
    const match = await within(said.promise, tell, ms);
    this.#listeners.delete(look);
    if (!match) throw new Error(`The program has ended without ${tell()}`);
    return match;
  }

  /** Ends the program and resolves with its exit code; with `null` when the signal ended it. */
  async end(signal: NodeJS.Signals = "SIGKILL", ms = 30_000): Promise<number | null> {
    this.#child.kill(signal);
    return within(this.#exited, () => `the program to end after ${signal}\n${this.#errors}`, ms);
  }
}

/** Without what a test runner sets: NODE_ENV=test, for one, turns checks of Better Auth off. */
export function plainEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(vitest|npm_|pnpm_|turbo_|node_env|node_options|force_color|test|dev|prod|mode|base_url|ssr)/i.test(
        name,
      ),
  );
  return Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""]));
}
