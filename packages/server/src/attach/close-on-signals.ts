// Ends the process on a signal: moves the connections to other nodes, closes manager and server, and exits. Used by node.ts and bun.ts.
// Guarantees: the process exits once, with 0 if everything was closed, of several managers too; immediately on a second signal; and
// at the time-out in any case. A step that fails does not keep the others from running.
import { MAX_TIMER_MS } from "../utils/clock.ts";

/** What {@link closeOnSignals} uses of a manager. */
export interface ClosableManager {
  drain(options?: { readonly windowMs?: number | undefined }): Promise<void>;
  close(): Promise<void>;
}

/** The options that both runtimes have. */
export interface CloseOptions {
  /** Passed to `drain`. @default the default of `drain` */
  readonly windowMs?: number | undefined;
  /** How long closing may take, in ms; `Infinity` for no limit. After it the process exits with 1. @default `windowMs` + 8_000, or 28_000 */
  readonly timeoutMs?: number | undefined;
  /** Called last, when everything is closed: closes a database or a queue. @default none */
  readonly onClose?: (() => unknown) | undefined;
  /** @default ["SIGTERM", "SIGINT"] */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
}

const DRAIN_MS = 20_000;
const MARGIN_MS = 8_000;
/** A terminal signals a whole group of processes, and a package manager in the group passes its signal on: both count as one signal. */
const SAME_SIGNAL_MS = 100;
/** How long requests that the server is still answering may take. */
const REQUESTS_MS = 5_000;

/** The shutdown that the first signal started, and when it started. */
interface Ending {
  readonly signal: NodeJS.Signals;
  readonly at: number;
}

/** What the runtime provides. */
export interface Host {
  readonly process: Pick<NodeJS.Process, "on" | "off" | "exit" | "stdout" | "stderr">;
  /** Closes the server, if there is one. */
  readonly closeServer: (() => Promise<void>) | undefined;
}

/**
 * Listens for the signals.
 *
 * @returns a function that stops listening
 */
export function listenForSignals(manager: ClosableManager, options: CloseOptions, host: Host): () => void {
  const { signals = ["SIGTERM", "SIGINT"], windowMs } = options;
  const { timeoutMs = (windowMs ?? DRAIN_MS) + MARGIN_MS } = options;
  let ending: Ending | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (ending === undefined) {
      ending = { signal, at: now };
      say(host, "stdout", `${signal}: draining and closing. A second signal ends the process at once.`);
      const onLate = (): void => exit(host, 1, `not closed within ${String(timeoutMs)} ms`);
      setTimeout(onLate, Math.min(timeoutMs, MAX_TIMER_MS));
      void end(manager, options, host);
    } else if (ending.signal !== signal || now - ending.at > SAME_SIGNAL_MS)
      exit(host, 1, `${signal} again: ended at once`);
  };
  for (const signal of signals) host.process.on(signal, onSignal);
  return () => {
    for (const signal of signals) host.process.off(signal, onSignal);
  };
}

/** The shutdowns that have begun in this process: each closes a manager, and the last one exits. */
const endings: { readonly closing: Promise<void>[]; running: number; hasFailed: boolean } = {
  closing: [],
  running: 0,
  hasFailed: false,
};

async function end(manager: ClosableManager, { onClose, windowMs }: CloseOptions, host: Host): Promise<void> {
  endings.running++;
  const closing = run(
    { "drain()": () => manager.drain({ windowMs }), "close()": () => manager.close() },
    host,
  );
  endings.closing.push(closing);
  await closing;
  // The server may also be that of a manager that is still closing.
  await Promise.all(endings.closing);
  await run({ "the server": host.closeServer, onClose }, host);
  if (--endings.running > 0) return;
  const { hasFailed } = endings;
  exit(host, hasFailed ? 1 : 0, hasFailed ? "closed, not without a failure" : "closed");
}

async function run(steps: Readonly<Record<string, (() => unknown) | undefined>>, host: Host): Promise<void> {
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step?.();
    } catch (error) {
      endings.hasFailed = true;
      say(host, "stderr", `${name} failed: ${error instanceof Error ? String(error.stack) : String(error)}`);
    }
  }
}

/** Waits a limited time for requests that are still being answered. */
export async function withoutRequests(closed: Promise<unknown>, closeAll: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, REQUESTS_MS);
  });
  await Promise.race([closed, late]);
  clearTimeout(timer);
  await closeAll();
}

function exit(host: Host, code: number, message: string): void {
  say(host, code === 0 ? "stdout" : "stderr", `${message}: exit code ${String(code)}`);
  host.process.exit(code);
}

function say({ process }: Host, stream: "stdout" | "stderr", line: string): void {
  process[stream].write(`[halyard] ${line}\n`);
}
