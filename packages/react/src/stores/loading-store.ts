import type { Unsubscribe } from "@halyard/client";
import type { AnyClient } from "../common/client-view.ts";
import { ValueStore } from "../common/value-store.ts";

interface LoadState {
  readonly status: "pending" | "success" | "error";
  readonly error: unknown;
}

/** A value that is loaded, maybe several times: the newest time counts, and the value stays meanwhile. */
export class LoadingStore<T extends LoadState> extends ValueStore<T> {
  #loading: AbortController | undefined;

  change(change: Partial<LoadState>): void {
    this.set({ ...this.get(), ...change });
  }

  /** @param run returns what to change when it has succeeded */
  async run(run: (signal: AbortSignal) => Promise<() => Partial<T>>): Promise<void> {
    this.abort();
    const { signal } = (this.#loading = new AbortController());
    this.change({ status: "pending", error: undefined });
    let change: Partial<LoadState>;
    try {
      const changes = await run(signal);
      change = signal.aborted ? {} : { status: "success", ...changes() };
    } catch (error) {
      change = { status: "error", error };
    }
    if (!signal.aborted) this.change(change);
  }

  abort(): void {
    this.#loading?.abort();
  }

  /** Tries again what has failed, maybe without a connection, when the client has one. */
  retryWhenOpen(client: AnyClient, load: () => void): Unsubscribe {
    return client.stores.state.subscribe(({ status }) => {
      if (status === "open" && this.get().status === "error") load();
    });
  }
}
