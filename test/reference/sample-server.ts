import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { binaryOf } from "../support/app-server.ts";
import { until } from "../support/wait.ts";

/** The reference's samples, running on real Bun. */
export class SampleServer {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exited: Promise<unknown>;
  #output = "";

  constructor(directory: string) {
    // The samples name no port: Bun takes it from these variables.
    const env = { ...process.env, BUN_PORT: "0", PORT: "0" };
    this.#child = spawn(binaryOf("bun"), [join(directory, "main.ts")], {
      env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const collect = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    this.#child.stdout.on("data", collect);
    this.#child.stderr.on("data", collect);
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
  }

  /** The addresses of "Basic Usage", and of a server with the sample's own registry. */
  async listen(): Promise<readonly [string, string]> {
    const ports = await this.printed(/Ports: (\d+) (\d+)/);
    return [`ws://127.0.0.1:${ports[1] ?? ""}/ws`, `ws://127.0.0.1:${ports[2] ?? ""}/ws`];
  }

  run(command: "broadcast" | "debug" | "fragments"): void {
    this.#child.stdin.write(`${command}\n`);
  }

  /** Waits until the console shows a match. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const probe = () => pattern.exec(this.#output) ?? (this.#child.exitCode === null ? false : undefined);
    const found = await until(String(pattern), probe, 15_000).catch(() => undefined);
    if (found === undefined)
      throw new Error(`The console shows no ${String(pattern)}, but:\n${this.#output}`);
    return found;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }
}
