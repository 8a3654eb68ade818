// What an application does with messages and users, for the whole client or for one room.
// The client has one scope, and each handle of a room has another; both pass their public methods on to it.
// After close(), no listener that was subscribed through the scope is called any more.
import type { PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { Emitter, Unsubscribe } from "../common/emitter.ts";
import type { ClientEvents, Delivery } from "./client-events.ts";
import type { MessageSender } from "./message-sender.ts";
import type { PresenceLists } from "./presence-list.ts";
import type { Sending } from "./receipt.ts";

export interface MessageScopeParts {
  readonly emitter: Emitter<ClientEvents>;
  readonly presence: PresenceLists;
  readonly sender: MessageSender;
}

export class MessageScope {
  /** The room's channel; undefined for the whole client. */
  readonly #channel: string | undefined;
  readonly #parts: MessageScopeParts;
  readonly #subscriptions = new Set<Unsubscribe>();
  #isClosed = false;

  constructor(parts: MessageScopeParts, channel?: string) {
    this.#parts = parts;
    this.#channel = channel;
  }

  get users(): readonly PublicUser[] {
    return this.#isClosed ? [] : this.#parts.presence.usersOf(this.#channel);
  }

  on(type: string, listener: (message: Frame, delivery: Delivery) => unknown): Unsubscribe {
    const own = this.#channel;
    return this.subscribe("message", (message, delivery, channel) => {
      return message.type === type && (own ?? channel) === channel && listener(message, delivery);
    });
  }

  send(type: string, fields?: object): Sending | undefined {
    const { sender } = this.#parts;
    return this.#isClosed ? sender.reject(type, fields) : sender.send(type, fields, this.#channel);
  }

  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe {
    const own = this.#channel ?? "all";
    return this.subscribe("users", (channel, users) => {
      return channel === own && listener(users);
    });
  }

  subscribe<TName extends keyof ClientEvents>(
    name: TName,
    listener: (...payload: ClientEvents[TName]) => unknown,
  ): Unsubscribe {
    if (this.#isClosed) return () => {};
    const remove = this.#parts.emitter.on(name, listener);
    this.#subscriptions.add(remove);
    return () => {
      this.#subscriptions.delete(remove);
      remove();
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const remove of this.#subscriptions) remove();
    this.#subscriptions.clear();
  }
}
