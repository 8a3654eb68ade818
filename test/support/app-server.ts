import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Answer, AppOptions } from "../fixtures/options.ts";
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

/** The fixture application in a process of its own, told what to do over its standard streams. */
export class AppServer {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  readonly #ready = Promise.withResolvers<number>();
  readonly #exited: Promise<number | null>;
  #ids = 0;
  #stderr = "";

  constructor(runtime: Runtime, options: AppOptions, entry: string) {
    const file = join(import.meta.dirname, "../fixtures", entry);
    this.#child = spawn(binaryOf(runtime), [file, JSON.stringify(options)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4_000);
    });
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
    void this.#exited.then(() => {
      this.#fail();
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.#hear(JSON.parse(line) as Answer);
    });
  }

  async listen(): Promise<number> {
    return within(this.#ready.promise, () => `the fixture to start\n${this.#stderr}`, 15_000);
  }

  /** Runs one of `fixtures/commands.ts`. */
  async command(name: string, input: object = {}): Promise<unknown> {
    const id = ++this.#ids;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    this.#child.stdin.write(`${JSON.stringify({ id, name, input })}\n`);
    return within(answer.promise, () => `the fixture's answer to ${name}\n${this.#stderr}`, 15_000);
  }

  /** Ends the process by its id. */
  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await within(this.#exited, () => "the fixture to end");
  }

  #hear(answer: Answer): void {
    if ("port" in answer) {
      this.#ready.resolve(answer.port);
      return;
    }
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.result);
  }

  #fail(): void {
    const error = new Error(`The fixture has ended.\n${this.#stderr}`);
    this.#ready.promise.catch(() => undefined);
    this.#ready.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
  }
}
