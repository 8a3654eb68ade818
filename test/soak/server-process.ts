import { join } from "node:path";
import { Child } from "../support/child.ts";

/** The input of a server process. */
export interface ServerInput {
  readonly name: string;
  readonly port: number;
  readonly log: string;
  readonly chatPerSecond: number;
  /** The URL of Redis. @default none: the state is in memory */
  readonly redis?: string | undefined;
}

/** The counts that a node reports. */
export interface ServerStats {
  readonly connections: number;
  readonly users: readonly string[];
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  readonly rssBytes: number;
  readonly handles: number;
}

interface Parts {
  /** The name of the node, the same for each of its processes. @default "server" */
  readonly name?: string;
  readonly directory: string;
  readonly chatPerSecond: number;
  readonly redis?: string | undefined;
}

/** A node that can be killed and restarted, on the same port and with a log for each of its processes. */
export class ServerProcess {
  readonly #parts: Parts;
  #child: Child | undefined;
  #errors = "";
  #isListening = false;
  port = 0;
  readonly logs: string[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get name(): string {
    return this.#parts.name ?? "server";
  }

  get isRunning(): boolean {
    return this.#isListening && this.#child?.isRunning === true;
  }

  /** The standard error of all processes of the node; empty without errors. */
  get errors(): string {
    return this.#errors + (this.#child?.errors ?? "");
  }

  async start(): Promise<void> {
    const { directory, chatPerSecond, redis } = this.#parts;
    const name = `${this.name}-${String(this.logs.length + 1)}`;
    const log = join(directory, `${name}.jsonl`);
    const input: ServerInput = { name, port: this.port, log, chatPerSecond, redis };
    const child = new Child(join(import.meta.dirname, "server.ts"), input);
    this.#child = child;
    this.port = await child.command<number>("listen");
    this.logs.push(log);
    this.#isListening = true;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#isListening = false;
    await child?.kill();
    this.#errors += child?.errors ?? "";
    if (this.#child === child) this.#child = undefined;
  }

  /** Stops the process. @returns a function that resumes the same process */
  pause(): () => void {
    const child = this.#child;
    child?.signal("SIGSTOP");
    return () => child?.signal("SIGCONT");
  }

  /** Stops the announcements of the node. */
  quiet(): Promise<void> {
    return this.#command("quiet");
  }

  stats(rooms: readonly string[]): Promise<ServerStats> {
    return this.#command("stats", { rooms });
  }

  async #command<TResult>(name: string, input?: object): Promise<TResult> {
    if (this.#child === undefined) throw new Error("the server is not running");
    return this.#child.command<TResult>(name, input);
  }
}
