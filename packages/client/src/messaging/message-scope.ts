// What an application does with messages and users, for the whole client or for one room.
// Base class of the client and of room handles.
// After end(), no listener that was subscribed through the scope is called any more.
import type { PublicUser } from "@halyard/protocol";
import { HalyardError } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { Emitter, Unsubscribe } from "../common/emitter.ts";
import type { Sending } from "../common/receipt.ts";
import type { ClientEvents, Delivery } from "./client-events.ts";
import type { MessageSender } from "./message-sender.ts";
import type { Destination } from "./outbox.ts";
import { NO_USERS } from "./presence-list.ts";
import type { PresenceLists } from "./presence-list.ts";
import type { PendingRequests, RequestOptions } from "./requests.ts";

/** The options of a subscription. */
export interface SubscribeOptions {
  /** Ends the subscription. @default none */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A value to watch. `subscribe` calls the listener at once and after each change, like a Svelte store; it also fits React's
 * `useSyncExternalStore`. `get` returns the same object until it changes. Both work without `this`.
 */
export interface Store<T> {
  /** The current value. */
  readonly get: () => T;
  /** What the listener throws or rejects with goes to `onError`. */
  readonly subscribe: (listener: (value: T) => unknown) => Unsubscribe;
}

type MessageListener = (message: Frame, delivery: Delivery) => unknown;

export interface MessageScopeParts {
  readonly emitter: Emitter<ClientEvents>;
  readonly userLists: PresenceLists;
  readonly requests: PendingRequests;
  readonly sender: MessageSender;
}

export abstract class MessageScope {
  /** The room's channel; undefined for the whole client. */
  readonly #channel: string | undefined;
  abstract readonly scopeParts: MessageScopeParts;
  /** The functions that end subscriptions with a signal, because the signal would otherwise keep them in memory. */
  readonly #stops = new Set<() => void>();
  #isClosed = false;

  constructor(channel?: string) {
    this.#channel = channel;
    this.#bindMembers(new.target);
  }

  get users(): readonly PublicUser[] {
    return this.#isClosed ? NO_USERS : this.scopeParts.userLists.usersOf(this.#channel);
  }

  on(type: string, listener: MessageListener, options?: SubscribeOptions): Unsubscribe {
    return this.onAny((message, delivery) => message.type === type && listener(message, delivery), options);
  }

  once(type: string, listener: MessageListener, options?: SubscribeOptions): Unsubscribe {
    const onNext: MessageListener = (message, delivery) => {
      stop();
      return listener(message, delivery);
    };
    const stop = this.on(type, onNext, options);
    return stop;
  }

  onAny(listener: MessageListener, { signal }: SubscribeOptions = {}): Unsubscribe {
    const own = this.#channel;
    const end = this.listen("message", (...[message, delivery, channel, isCopy]) => {
      return (own ? own === channel : !isCopy) && listener(message, delivery);
    });
    if (!signal) return end;
    const stop = () => {
      signal.removeEventListener("abort", stop);
      this.#stops.delete(stop);
      end();
    };
    this.#stops.add(stop);
    signal.addEventListener("abort", stop);
    if (signal.aborted || this.#isClosed) stop();
    return stop;
  }

  send(type: string, fields?: object): Sending<unknown> | undefined {
    return this.scopeParts.sender.send(type, fields, this.#destination);
  }

  request(name: string, input?: unknown, options?: RequestOptions): Promise<unknown> {
    return this.scopeParts.requests.request(name, input, { ...options, ...this.#destination });
  }

  get #destination(): Destination {
    const refusal = this.#isClosed ? new HalyardError("forbidden") : undefined;
    return { channel: this.#channel, refusal };
  }

  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe {
    const own = this.#channel ?? "all";
    return this.listen("users", (channel, users) => {
      return channel === own && listener(users);
    });
  }

  storeOf<T>(get: () => T): Store<T> {
    const subscribe = (listener: (value: T) => unknown): Unsubscribe => {
      const { emitter } = this.scopeParts;
      // No store has this value, so the first comparison finds a change.
      let known: unknown = emitter;
      const onEvent = () => {
        const value = get();
        return value !== known && listener((known = value));
      };
      const stop = emitter.on("any", onEvent, this);
      // Called through the emitter, which reports errors of the listener.
      emitter.emit("any");
      if (this.#isClosed) stop();
      return stop;
    };
    return { get, subscribe };
  }

  listen<TName extends keyof ClientEvents>(
    name: TName,
    listener: (...payload: ClientEvents[TName]) => unknown,
  ): Unsubscribe {
    return this.#isClosed ? () => {} : this.scopeParts.emitter.on(name, listener, this);
  }

  end(): void {
    this.#isClosed = true;
    // The state of this handle has changed and its list of users is empty, even if other handles keep the room.
    this.scopeParts.emitter.emit("room");
    for (const stop of this.#stops) stop();
    this.scopeParts.emitter.dropAll(this);
  }

  /**
   * Gives each object its own bound copies of its class members, so that they work destructured and through the Proxy
   * of a framework, which cannot access private fields.
   */
  #bindMembers(derived: { readonly prototype: object }): void {
    for (const { prototype } of [MessageScope, derived])
      for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        const { get, value } = descriptor as { get?: () => unknown; value?: () => unknown };
        if (name === "constructor") continue;
        if (get) descriptor.get = get.bind(this);
        if (value) descriptor.value = value.bind(this);
        Object.defineProperty(this, name, descriptor);
      }
  }
}
