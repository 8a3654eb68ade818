// The process of the demo's server.
// `Scenario` starts it; tests stop and restart it.
// `remove` ends the process and deletes its database.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { findFreePort } from "../../scripts/free-port.ts";
import { Program } from "../support/program.ts";

export const DEMO = join(import.meta.dirname, "../../apps/demo");

export interface DemoServerOptions {
  readonly runtime?: Runtime;
  /** Whether a supervisor starts the server again when it is killed, as `pnpm demo` does. @default false */
  readonly isSupervised?: boolean;
  /** The program, relative to the demo. @default the built server of the runtime */
  readonly entry?: string;
}

/** The demo's server with a database of its own. It can be stopped and started again with the same port and database. */
export class DemoServer {
  readonly port: number;
  readonly origin: string;
  readonly database: string;
  readonly #runtime: Runtime;
  readonly #command: readonly string[];
  readonly #directory = mkdtempSync(join(tmpdir(), "halyard-e2e-"));
  #program: Program | undefined;
  #errors = "";

  private constructor(port: number, { runtime = "node", entry, isSupervised }: DemoServerOptions) {
    this.port = port;
    this.origin = `http://127.0.0.1:${String(port)}`;
    this.database = join(this.#directory, "demo.db");
    this.#runtime = runtime;
    const program = entry ?? `dist/server/${runtime}.js`;
    this.#command = isSupervised === true ? ["dist/server/supervise.js", program] : [program];
  }

  static async create(options: DemoServerOptions = {}): Promise<DemoServer> {
    return new DemoServer(await findFreePort(), options);
  }

  /** Both outputs of the running process. */
  get log(): string {
    return `${this.#program?.output ?? ""}${this.#program?.errors ?? ""}`;
  }

  /** The standard error of all processes since the beginning. */
  get errors(): string {
    return this.#errors + (this.#program?.errors ?? "");
  }

  /** Starts the process. Resolves when the server prints its address. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#program = new Program(binaryOf(this.#runtime), this.#command, {
      cwd: DEMO,
      env: { PORT: String(this.port), DATABASE: this.database, ...env },
    });
    await this.#program.prints(new RegExp(`Halyard demo +${this.origin}`));
  }

  /** Ends the process; `SIGKILL` leaves it no time for anything. */
  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
    const program = this.#program;
    this.#program = undefined;
    const code = (await program?.end(signal)) ?? null;
    this.#errors += program?.errors ?? "";
    return code;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
