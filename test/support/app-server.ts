// Starts the fixture application of `fixtures/` on Node or on Bun, in a process of its own.
// `TestApp`, the fuzzer and the storms start it and send it commands as JSON lines.
// `stop` ends the process by its id. A command that waits for its answer rejects when the process ends.
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Answer, AppOptions } from "../fixtures/options.ts";
import { compiledFixture } from "./compiled-fixture.ts";
import { within } from "./wait.ts";

export type Runtime = "node" | "bun";

const require = createRequire(import.meta.url);
// `pnpm test:node` and `pnpm test:bun` name another version.
const BINARIES = {
  node: process.env["HALYARD_NODE"] ?? join(dirname(require.resolve("node/package.json")), "bin/node"),
  bun: process.env["HALYARD_BUN"] ?? join(dirname(require.resolve("bun/package.json")), "bin/bun.exe"),
};

export function binaryOf(runtime: Runtime): string {
  return BINARIES[runtime];
}

export class AppServer {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ready = Promise.withResolvers<number>();
  readonly #exited: Promise<number | null>;
  #ids = 0;
  #stderr = "";

  /** @param entry the file name of a program in `fixtures`, or the absolute path of another program */
  constructor(runtime: Runtime, options: AppOptions, entry: string) {
    const source = resolve(import.meta.dirname, "../fixtures", entry);
    const file = runtime === "node" && !isAbsolute(entry) ? compiledFixture(source) : source;
    const { namespace, runtimeFlags = [] } = options;
    // `ip` replaces itself with the program, which keeps the process id.
    const inside = namespace === undefined ? [] : ["ip", "netns", "exec", namespace];
    const command = [...inside, binaryOf(runtime), ...runtimeFlags, file, JSON.stringify(options)];
    const [program = "", ...args] = command;
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4_000);
    });
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
    void this.#exited.then(() => {
      this.#fail();
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#receive(JSON.parse(line) as Answer);
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with the exit code of the process; with null if a signal ended it. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  async listen(): Promise<number> {
    return within(this.#ready.promise, () => `the fixture to start\n${this.#stderr}`, 60_000);
  }

  /** Runs a command of `fixtures/commands.ts` in the process. @returns its answer */
  async command(name: string, input: object = {}): Promise<unknown> {
    const id = ++this.#ids;
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    this.#child.stdin.write(`${JSON.stringify({ id, name, input })}\n`);
    return within(answer.promise, () => `the fixture's answer to ${name}\n${this.#stderr}`, 15_000);
  }

  /** Ends the process by its id. */
  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await within(this.#exited, () => "the fixture to end");
  }

  #receive(answer: Answer): void {
    if ("port" in answer) {
      this.#ready.resolve(answer.port);
      return;
    }
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ("error" in answer) pending?.reject(new Error(answer.error));
    else pending?.resolve(answer.result);
  }

  #fail(): void {
    const error = new Error(`The fixture has ended.\n${this.#stderr}`);
    this.#ready.promise.catch(() => undefined);
    this.#ready.reject(error);
    for (const { reject } of this.#pending.values()) reject(error);
  }
}
