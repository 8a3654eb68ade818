import { join } from "node:path";
import { Child } from "../support/child.ts";

/** The input of a server process. */
export interface ServerInput {
  readonly name: string;
  readonly port: number;
  readonly log: string;
  readonly chatPerSecond: number;
  /** The Redis of several nodes. @default memory */
  readonly redis?: string | undefined;
}

/** The server's own counts. */
export interface ServerStats {
  readonly connections: number;
  readonly users: readonly string[];
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  readonly rssBytes: number;
  readonly handles: number;
}

interface Parts {
  /** Of the node, which each of its processes has. @default "server" */
  readonly name?: string;
  readonly directory: string;
  readonly chatPerSecond: number;
  readonly redis?: string | undefined;
}

/** A server that can be killed and restarted: always on the same port, with a log for each process. */
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

  /** The standard error of all its processes; empty without errors. */
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

  /** Stops the process. @returns resumes it, if it is still the same one */
  pause(): () => void {
    const child = this.#child;
    child?.signal("SIGSTOP");
    return () => child?.signal("SIGCONT");
  }

  /** Stops the server's own announcements. */
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
