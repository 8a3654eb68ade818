// A value that a hook loads from the server, perhaps repeatedly: the latest load counts, and the old value stays until then.
// Base class of the stores of `useMessages` and `useRequest`.
// A failure is written to the console and retried with the next connection; after a change of the user, the value is empty.
import type { SendError, Unsubscribe } from "@halyard/client";
import type { AnyClient, AnyScope } from "../common/client-view.ts";
import { endAll } from "../common/end-all.ts";
import { onAnotherUser } from "../common/on-another-user.ts";
import type { KnownUser } from "../common/on-another-user.ts";
import { ValueStore } from "../common/value-store.ts";

interface LoadState {
  readonly status: "pending" | "success" | "error";
  readonly error: unknown;
}

/** What is loaded, where, and by which hook. */
export interface LoadingParts {
  readonly client: AnyClient;
  readonly scope: AnyScope;
  readonly hook: "useMessages" | "useRequest";
  /** The name of the message type or the request. */
  readonly name: string;
}

export abstract class LoadingStore<T extends LoadState> extends ValueStore<T> {
  protected readonly parts: LoadingParts;
  readonly #known: KnownUser = {};
  #loading: AbortController | undefined;

  constructor(value: T, parts: LoadingParts) {
    super(value);
    this.parts = parts;
  }

  /** Loads once. @returns a function that computes the changes after success */
  protected abstract attempt(signal: AbortSignal): Promise<() => Partial<T>>;

  protected async run(): Promise<void> {
    this.abort();
    const { signal } = (this.#loading = new AbortController());
    const { client } = this.parts;
    const before = client.state;
    this.#change({ status: "pending", error: undefined });
    try {
      const changes = await this.attempt(signal);
      if (!signal.aborted) this.#change({ status: "success", ...changes() });
    } catch (error) {
      if (signal.aborted) return;
      const isOpen = client.state.status === "open";
      const isOfConnection = /^(unavailable|timeout)$/.test((Object(error) as Partial<SendError>).code ?? "");
      if (!isOfConnection || (isOpen && client.state === before)) reportFailure(this.parts, error);
      // The request was lost with its connection, and the next connection is already open.
      else if (isOpen) return this.run();
      this.#change({ status: "error", error });
    }
  }

  abort(): void {
    this.#loading?.abort();
  }

  /** Removes what was loaded for another user. */
  protected abstract forget(): void;

  /**
   * Retries a failed load when the client is connected again. As soon as the client knows another user, the value of the earlier user is
   * removed; the next connection loads it again. The caller loads at once, after this call.
   */
  protected followConnection(): Unsubscribe {
    const { client } = this.parts;
    const first = client.state;
    let isDue = false;
    const stop = endAll(
      this.followUser(() => (isDue = true)),
      // The first call is the present state.
      client.stores.state.subscribe((state) => {
        if (state === first || state.status !== "open") return;
        if (isDue || this.get().status === "error") void this.run();
        isDue = false;
      }),
    );
    isDue = false;
    return stop;
  }

  /** Removes the value of an earlier user, also if the user changed while the store followed no user. */
  protected followUser(onForgotten?: () => void): Unsubscribe {
    const forget = () => {
      onForgotten?.();
      this.abort();
      this.forget();
    };
    return onAnotherUser(this.parts.client, forget, this.#known);
  }

  #change(change: Partial<LoadState>): void {
    this.set({ ...this.get(), ...change });
  }
}

/** Tells the developer of a page why a hook has no data, because a component may not read `error`. */
export function reportFailure({ hook, name, scope }: LoadingParts, error: unknown): void {
  const { code, issues } = Object(error) as Partial<SendError>;
  const room = scope.name === undefined ? "" : `, room "${scope.name}"`;
  const hint = /^(forbidden|internal)$/.test(code ?? "") ? `${code}; the server's log says more:` : code;
  // eslint-disable-next-line no-console -- for the developer of a page, who would not see it anywhere else
  console.error(`[halyard] ${hook}("${name}"${room}) failed:`, ...[hint ?? [], error, issues ?? []].flat());
}
