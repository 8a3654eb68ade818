import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";

/** The command of a process. */
export interface ProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Answers whether a started process can be used. */
  readonly isReady: () => Promise<boolean>;
}

const POLL_MS = 50;
const START_MS = 20_000;

/** A process that can be ended and started again. */
export class ManagedProcess {
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Starts the process, and waits until it is ready. @throws Error if it ends at once, or is not ready within 20 s */
  async start(): Promise<void> {
    const { program, args, cwd, env, isReady } = this.#options;
    // A group of its own: Ctrl+C reaches only this program, which ends the other processes in order. The end of the pipe tells a
    // node that this program has ended.
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["pipe", "ignore", "inherit"],
      detached: true,
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = () => {
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.once("exit", end).once("error", end);
    });
    for (let waitedMs = 0; waitedMs < START_MS && this.#child === child; waitedMs += POLL_MS) {
      if (await isReady()) return;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`${program} does not start`);
  }

  /** Sends a signal, and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    await this.#ended;
  }
}
