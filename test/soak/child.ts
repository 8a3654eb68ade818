import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { plainEnvironment } from "../support/program.ts";
import { within } from "../support/wait.ts";

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

/** One of the soak's programs in a process of its own. */
export class Child {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #name: string;
  readonly exited: Promise<void>;
  #ids = 0;
  #errors = "";

  constructor(program: string, input: object) {
    this.#name = program;
    this.#child = fork(join(import.meta.dirname, program), [JSON.stringify(input)], {
      env: plainEnvironment(),
      execArgv: [],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    this.#child.stderr?.on("data", (chunk: Buffer) => (this.#errors += chunk.toString().slice(-4_000)));
    this.#child.on("message", (answer: Answer) => {
      const { id, result, error } = answer;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(`${program}: ${error}`));
    });
    this.exited = new Promise((resolve) => this.#child.once("close", () => resolve()));
    // One that is stopped does not notice that its parent has gone.
    const killWithParent = (): void => this.signal("SIGKILL");
    process.once("exit", killWithParent);
    void this.exited.then(() => process.off("exit", killWithParent));
    void this.exited.then(() => this.#fail());
  }

  /** What it wrote to standard error: nothing, when all is well. */
  get errors(): string {
    return this.#errors;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async command<TResult>(name: string, input: object = {}): Promise<TResult> {
    const id = ++this.#ids;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
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
    for (const { reject } of this.#waiting.values())
      reject(new Error(`${this.#name} has ended\n${this.#errors}`));
    this.#waiting.clear();
  }
}

/** Within a child: answers its parent's commands, and ends with the parent. */
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

/** Within a child: what its parent wants of it. */
export function readInput<TInput>(): TInput {
  return JSON.parse(process.argv[2] ?? "{}") as TInput;
}
