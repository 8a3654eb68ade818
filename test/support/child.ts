// Both ends of the IPC between a soak or a storm and its child processes.
// The parent uses `Child`; the child uses `serveParent` and `readInput`.
// A child exits with its parent, and a parent's exit kills a stopped child.
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { basename } from "node:path";
import { plainEnvironment } from "./program.ts";
import { within } from "./wait.ts";

interface Command {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export type Commands = Readonly<Record<string, (input: never) => unknown>>;

const ANSWER_MS = 20_000;

export class Child {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #name: string;
  readonly exited: Promise<void>;
  #ids = 0;
  #errors = "";

  /** @param file the path of the program */
  constructor(file: string, input: object) {
    const program = basename(file);
    this.#name = program;
    this.#child = fork(file, [JSON.stringify(input)], {
      env: plainEnvironment(),
      execArgv: [],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#errors += chunk.toString().slice(-4_000)));
    this.#child.on("message", (answer: Answer) => {
      const { id, result, error } = answer;
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (error === undefined) pending?.resolve(result);
      else pending?.reject(new Error(`${program}: ${error}`));
    });
    this.exited = new Promise((resolve) => this.#child.once("close", () => resolve()));
    // A process that is stopped by SIGSTOP does not notice that its parent has exited.
    const killWithParent = (): void => this.signal("SIGKILL");
    process.once("exit", killWithParent);
    void this.exited.then(() => process.off("exit", killWithParent));
    void this.exited.then(() => this.#fail());
  }

  /** The process's standard error; empty without errors. */
  get errors(): string {
    return this.#errors;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async command<TResult>(name: string, input: object = {}): Promise<TResult> {
    const id = ++this.#ids;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    if (this.isRunning && this.#child.connected) {
      this.#child.send({ id, name, input } satisfies Command, (error) => {
        if (error) answer.reject(error);
      });
    } else answer.reject(new Error(`${this.#name} has ended`));
    return (await within(answer.promise, () => `${this.#name} to answer ${name}`, ANSWER_MS)) as TResult;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await within(this.exited, () => `${this.#name} to end`);
  }

  #fail(): void {
    for (const { reject } of this.#pending.values())
      reject(new Error(`${this.#name} has ended\n${this.#errors}`));
    this.#pending.clear();
  }
}

/** Called by a child: answers the commands of its parent, and exits when the parent ends. */
export function serveParent(commands: Commands): void {
  process.on("message", ({ id, name, input }: Command) => {
    const run = async (): Promise<unknown> => await commands[name]?.(input as never);
    run().then(
      (result) => process.send?.({ id, result } satisfies Answer),
      (error: unknown) => process.send?.({ id, error: String(error) } satisfies Answer),
    );
  });
  process.once("disconnect", () => process.exit(0));
}

/** Called by a child: reads the input from its parent. */
export function readInput<TInput>(): TInput {
  return JSON.parse(process.argv[2] ?? "{}") as TInput;
}
