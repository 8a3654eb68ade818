// Firefox, driven over WebDriver BiDi: it starts without a window and speaks BiDi on a port of its own choice.
// Guarantee: the process has ended when `runInFirefox` settles.
import { mkdirSync } from "node:fs";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

/** What {@link runInFirefox} runs. */
export interface FirefoxRun {
  readonly binary: string;
  /** A folder for what Firefox stores; made here. */
  readonly profile: string;
  /** The address that is loaded. */
  readonly page: string;
  /** Evaluated in the page; a promise of an object of strings. */
  readonly code: string;
}

interface Answer {
  readonly id?: number;
  readonly error?: string;
  readonly message?: string;
  readonly result?: Readonly<Record<string, unknown>>;
}

/** @returns what the code resolves to */
export async function runInFirefox({ binary, profile, page, code }: FirefoxRun): Promise<unknown> {
  mkdirSync(profile, { recursive: true });
  const args = [
    "--headless",
    "--no-remote",
    "--profile",
    profile,
    "--remote-debugging-port",
    "0",
    "about:blank",
  ];
  const firefox = spawn(binary, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: profile },
  });
  const exited = once(firefox, "close");
  try {
    const address = new Promise<string>((resolve, reject) => {
      createInterface({ input: firefox.stderr }).on("line", (line) => {
        const found = /WebDriver BiDi listening on (ws:\S+)/.exec(line);
        if (found?.[1] !== undefined) resolve(found[1]);
      });
      void exited.then(() => {
        reject(new Error("Firefox has ended"));
      });
    });
    const call = await connect(`${await address}/session`);
    await call("session.new", { capabilities: {} });
    const { contexts } = await call("browsingContext.getTree", {});
    const [{ context } = { context: "" }] = contexts as { readonly context: string }[];
    await call("browsingContext.navigate", { context, url: page, wait: "complete" });
    const expression = `(async () => JSON.stringify(await (0, eval)(${JSON.stringify(code)})))()`;
    const evaluated = await call("script.evaluate", { expression, target: { context }, awaitPromise: true });
    const { value } = (evaluated["result"] ?? {}) as { readonly value?: string };
    if (value === undefined) throw new Error(JSON.stringify(evaluated).slice(0, 500));
    return JSON.parse(value) as unknown;
  } finally {
    firefox.kill("SIGKILL");
    await exited;
  }
}

async function connect(address: string) {
  const socket = new WebSocket(address);
  await once(socket, "open");
  const pending = new Map<number, (answer: Answer) => void>();
  socket.on("message", (data: Buffer) => {
    const answer = JSON.parse(data.toString()) as Answer;
    pending.get(answer.id ?? 0)?.(answer);
  });
  return async (method: string, params: object): Promise<Readonly<Record<string, unknown>>> => {
    const id = pending.size + 1;
    const answered = new Promise<Answer>((resolve) => pending.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { error, message, result = {} } = await answered;
    if (error !== undefined) throw new Error(`${method}: ${error} ${message ?? ""}`);
    return result;
  };
}
