// Runs the Python client of `python/`, which was written from PROTOCOL.md alone, in a process of its own.
// Commands go to `python/driver.py` as JSON lines, and its events come back as JSON lines.
// `stop` ends the process by its id.
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Frame } from "./frame.ts";
import { until, within } from "./wait.ts";

/** One line of the driver: `welcome`, `frame`, `answer`, `closed` and others. */
export interface PythonEvent {
  readonly event: string;
  readonly tag?: string;
  readonly frame?: Frame;
  readonly [field: string]: unknown;
}

export interface PythonOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The longest wait before a reconnect, in seconds. @default 0.1 */
  readonly longestWait?: number;
  /** The time after its first write in which a send is repeated, in seconds. @default 240 */
  readonly repeatWithin?: number;
}

const MISSING = "python3 is missing: install Python 3.11 or newer (Debian: apt-get install python3).";

export class PythonClient {
  readonly events: PythonEvent[] = [];
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #ended: Promise<string>;
  #stderr = "";
  #failure: string | undefined;
  #tags = 0;

  constructor({ longestWait = 0.1, ...options }: PythonOptions) {
    this.#child = spawn("python3", [join(import.meta.dirname, "../python/driver.py")], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    });
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error: NodeJS.ErrnoException) => {
        resolve(error.code === "ENOENT" ? MISSING : error.message);
      });
      this.#child.once("close", () => {
        resolve(`The client in Python has ended.\n${this.#stderr}`);
      });
    });
    void this.#ended.then((failure) => (this.#failure = failure));
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.events.push(JSON.parse(line) as PythonEvent);
    });
    this.do("connect", { ...options, longestWait });
  }

  /** Every frame that the client received after its welcomes, in order. */
  get frames(): Frame[] {
    return this.events.flatMap(({ event, frame }) => (event === "frame" && frame ? [frame] : []));
  }

  all(event: string): PythonEvent[] {
    return this.events.filter((line) => line.event === event);
  }

  /** Sends a command to the driver. @returns the tag of its answer */
  do(command: string, fields: object = {}): string {
    const tag = String(++this.#tags);
    this.#child.stdin.write(`${JSON.stringify({ do: command, tag, ...fields })}\n`);
    return tag;
  }

  /** Sends a command, and waits for its answer. */
  async ask(command: string, fields: object = {}): Promise<PythonEvent> {
    return this.answer(this.do(command, fields));
  }

  async answer(tag: string, ms?: number): Promise<PythonEvent> {
    return this.seen(`answer ${tag}`, (line) => line.event === "answer" && line.tag === tag, ms);
  }

  async welcomed(times = 1): Promise<Frame> {
    return until(`welcome ${String(times)}`, () => {
      this.#check();
      return this.all("welcome")[times - 1]?.frame ?? false;
    });
  }

  async seen(what: string, matches: (line: PythonEvent) => boolean, ms?: number): Promise<PythonEvent> {
    return until(
      what,
      () => {
        this.#check();
        return this.events.find((line) => matches(line)) ?? false;
      },
      ms,
    );
  }

  /** Closes the connection with 1000, if the process still runs, and ends the process by its id. */
  async stop(): Promise<void> {
    if (this.#failure === undefined) {
      const tag = this.do("close");
      await this.seen("the close", (line) => line.event === "stopped" && line.tag === tag);
    }
    this.#child.kill("SIGKILL");
    await within(this.#ended, () => "the client in Python to end");
  }

  #check(): void {
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }
}
