// Ends a process at a signal: connections are moved away, manager and server close, and the process exits. Used by node.ts and bun.ts.
// Guarantees: the process exits once, with 0 where everything was closed; at a second signal at once; when the time is up in any
// case. A step that fails keeps no other one from running.

/** What {@link closeOnSignals} uses of a manager. */
export interface ClosableManager {
  drain(options?: { readonly windowMs?: number | undefined }): Promise<void>;
  close(): Promise<void>;
}

/** The options that both runtimes have. */
export interface CloseOptions {
  /** As that of `drain`. @default as that of `drain` */
  readonly windowMs?: number | undefined;
  /** When it is not over by then, the process exits with 1, ms. @default `windowMs` + 8_000, or 28_000 */
  readonly timeoutMs?: number | undefined;
  /** Called last, with everything closed: for a database, a queue. @default none */
  readonly onClose?: (() => unknown) | undefined;
  /** @default ["SIGTERM", "SIGINT"] */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
}

const DRAIN_MS = 20_000;
const MARGIN_MS = 8_000;
/** A terminal sends the signal to a whole group of processes, and a package manager of the group passes it on: that is one signal. */
const SAME_SIGNAL_MS = 100;
/** How long the requests that a server is answering have. */
const REQUESTS_MS = 5_000;

/** What happens at the first signal, and when it was. */
interface Ending {
  readonly signal: NodeJS.Signals;
  readonly at: number;
}

/** What the runtime gives. */
export interface Host {
  readonly process: Pick<NodeJS.Process, "on" | "off" | "exit" | "stdout" | "stderr">;
  /** Closes the server, if there is one. */
  readonly closeServer: (() => Promise<void>) | undefined;
}

/**
 * Listens for the signals.
 *
 * @returns takes it back
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
      setTimeout(() => exit(host, 1, `not closed within ${String(timeoutMs)} ms`), timeoutMs);
      void end(manager, options, host);
    } else if (ending.signal !== signal || now - ending.at > SAME_SIGNAL_MS)
      exit(host, 1, `${signal} again: ended at once`);
  };
  for (const signal of signals) host.process.on(signal, onSignal);
  return () => {
    for (const signal of signals) host.process.off(signal, onSignal);
  };
}

async function end(manager: ClosableManager, { onClose, windowMs }: CloseOptions, host: Host): Promise<void> {
  const steps = {
    "drain()": () => manager.drain({ windowMs }),
    "close()": () => manager.close(),
    "the server": host.closeServer,
    onClose,
  };
  let hasFailed = false;
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step?.();
    } catch (error) {
      hasFailed = true;
      say(host, "stderr", `${name} failed: ${error instanceof Error ? String(error.stack) : String(error)}`);
    }
  }
  exit(host, hasFailed ? 1 : 0, hasFailed ? "closed, not without a failure" : "closed");
}

/** Waits for requests that are being answered, for some time. */
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
