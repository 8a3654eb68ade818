// A value that a hook loads from the server, maybe several times: the newest time counts, and the value stays meanwhile.
// The base of what `useMessages` and `useRequest` show.
// What has failed is told to the console, and is loaded again with the next connection.
import type { SendError, Unsubscribe } from "@halyard/client";
import type { AnyClient, AnyScope } from "../common/client-view.ts";
import { reportFailure } from "../common/report-failure.ts";
import { ValueStore } from "../common/value-store.ts";

interface LoadState {
  readonly status: "pending" | "success" | "error";
  readonly error: unknown;
}

/** Who loads, and where. */
export interface LoadingParts {
  readonly client: AnyClient;
  readonly scope: AnyScope;
  /** The hook and its first argument, for the console. */
  readonly caller: readonly [hook: string, name: string];
}

export abstract class LoadingStore<T extends LoadState> extends ValueStore<T> {
  readonly #parts: LoadingParts;
  #loading: AbortController | undefined;

  constructor(value: T, parts: LoadingParts) {
    super(value);
    this.#parts = parts;
  }

  /** Loads once. @returns what to change when that has succeeded */
  protected abstract attempt(signal: AbortSignal): Promise<() => Partial<T>>;

  protected async run(): Promise<void> {
    this.abort();
    const { signal } = (this.#loading = new AbortController());
    const { client } = this.#parts;
    const before = client.state;
    this.#change({ status: "pending", error: undefined });
    try {
      const changes = await this.attempt(signal);
      if (!signal.aborted) this.#change({ status: "success", ...changes() });
    } catch (error) {
      if (signal.aborted) return;
      const isOpen = client.state.status === "open";
      const isLost = isOfConnection(error) && !(isOpen && client.state === before);
      // The next connection is there already.
      if (isLost && isOpen) return this.run();
      if (!isLost) this.#report(error);
      this.#change({ status: "error", error });
    }
  }

  abort(): void {
    this.#loading?.abort();
  }

  /** Tries again what has failed, maybe without a connection, when the client has one. */
  protected retryWhenOpen(): Unsubscribe {
    return this.#parts.client.stores.state.subscribe(({ status }) => {
      if (status === "open" && this.get().status === "error") void this.run();
    });
  }

  #change(change: Partial<LoadState>): void {
    this.set({ ...this.get(), ...change });
  }

  #report(error: unknown): void {
    const { scope, caller } = this.#parts;
    const [hook, name] = caller;
    const room = scope.name === undefined ? "" : `, room "${scope.name}"`;
    reportFailure(`${hook}("${name}"${room})`, error);
  }
}

/** Whether a failure is one of the connection, where there is none or another one than before. */
function isOfConnection(error: unknown): boolean {
  const { code } = Object(error) as Partial<SendError>;
  return code === "unavailable" || code === "timeout";
}
