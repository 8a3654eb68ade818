// A recipe's program, and the story that every recipe with a sign-in is driven through.
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { expect } from "vitest";
import { findFreePort } from "../../scripts/free-port.ts";
import { binaryOf } from "../support/app-server.ts";
import type { Runtime } from "../support/app-server.ts";
import { Program } from "../support/program.ts";
import { until } from "../support/wait.ts";
import type { RecipeUser } from "./recipe-user.ts";

export interface RecipeProgram {
  readonly directory: string;
  readonly entry: string;
  readonly runtime?: Runtime;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The origin of the pages, where another program serves them. */
  readonly origin?: string;
  /** @default a free one */
  readonly port?: number;
}

/** What a recipe's program is told by its environment. */
export function environmentOf(port: number, origin?: string): Readonly<Record<string, string>> {
  const secret = "a secret of the tests, which protects nothing";
  return {
    PORT: String(port),
    NEXT_TELEMETRY_DISABLED: "1",
    BETTER_AUTH_URL: origin ?? `http://localhost:${String(port)}`,
    BETTER_AUTH_SECRET: secret,
    JWT_SECRET: secret,
    SESSION_SECRET: secret,
  };
}

export class RecipeApp {
  readonly directory: string;
  readonly address: string;
  readonly #recipe: RecipeProgram;
  readonly #port: number;
  #program: Program | undefined;

  private constructor(recipe: RecipeProgram, port: number) {
    this.directory = recipe.directory;
    this.address = `http://localhost:${String(port)}`;
    this.#recipe = recipe;
    this.#port = port;
  }

  static async start(recipe: RecipeProgram): Promise<RecipeApp> {
    const app = new RecipeApp(recipe, recipe.port ?? (await findFreePort()));
    await app.start();
    return app;
  }

  get output(): string {
    return this.#program?.output ?? "";
  }

  async start(): Promise<void> {
    const { entry, directory, runtime = "node", args = [], origin } = this.#recipe;
    const env = { ...environmentOf(this.#port, origin), ...this.#recipe.env };
    const program = new Program(binaryOf(runtime), [entry, ...args], { cwd: directory, env });
    this.#program = program;
    await until(`${entry} to listen`, () => listens(this.#port), 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${program.output}${program.errors}`);
    });
  }

  /** Ends it as a deployment does: it exits with 0, and has written to stderr nothing but the lines that are expected. */
  async stop(): Promise<void> {
    expect(await this.#program?.end("SIGTERM")).toBe(0);
    expect(this.#program?.errors).toBe("");
  }

  /** @param signal SIGTERM for a program with processes of its own */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#program?.end(signal);
  }
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "localhost");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export interface Story {
  readonly ada: RecipeUser;
  readonly bob: RecipeUser;
  /** A route that publishes what is posted. */
  readonly announces?: string;
  readonly signsOut?: string;
  /** What happens before the sign-out. */
  readonly also?: () => Promise<void>;
}

/** Both talk, the program restarts under them and both talk again, and Ada signs out. */
export async function tell(app: RecipeApp, { ada, bob, announces, signsOut, also }: Story): Promise<void> {
  await Promise.all([ada.is("open"), bob.is("open")]);
  expect(await ada.says("hello")).toBe("delivered");
  await bob.hears("Ada: hello");
  if (announces !== undefined) {
    expect(await bob.post(announces, { message: "lunch" })).toBe(204);
    await Promise.all([ada.hears("lunch"), bob.hears("lunch")]);
  }

  await app.stop();
  const waiting = ada.says("still here");
  await app.start();
  expect(await waiting).toBe("delivered");
  await bob.is("open");
  expect(await ada.says("and here")).toBe("delivered");
  await bob.hears("Ada: and here");

  await also?.();
  expect(await ada.post(signsOut ?? "/api/auth/sign-out")).toBeLessThan(300);
  await ada.is("authRequired", 1_000);
  expect(bob.client.state.status).toBe("open");
  await app.stop();
  for (const { client } of [ada, bob]) client.close();
}

/** The path of a program of the project. */
export function programOf(project: { readonly directory: string }, path: string): string {
  return join(project.directory, "node_modules", path);
}
