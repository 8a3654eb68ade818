// A slow TCP line to a server of a test. The process `python/slow_line.py` is the line, because Node cannot set the small socket
// buffers of a slow line. Tests connect to `port` in place of the port of the server.
// `stop` ends the process by its id.
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { within } from "./wait.ts";

export class SlowLine {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ready: Promise<number>;
  port = 0;

  constructor(serverPort: number, bytesPerSecond: number) {
    const file = join(import.meta.dirname, "../python/slow_line.py");
    this.#child = spawn("python3", [file, String(serverPort), String(bytesPerSecond)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#ready = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      createInterface({ input: this.#child.stdout }).once("line", (line) => {
        resolve(Number(line));
      });
    });
  }

  async start(): Promise<this> {
    this.port = await within(this.#ready, () => "the slow line to start");
    return this;
  }

  /** @param bytesPerSecond 0 to read no more bytes from the server */
  setRate(bytesPerSecond: number): void {
    this.#child.stdin.write(`${String(bytesPerSecond)}\n`);
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}
