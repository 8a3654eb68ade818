import type { PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { ClientEvents } from "./client-events.ts";
import type { Emitter, Unsubscribe } from "../common/emitter.ts";
import type { Sending } from "./receipt.ts";
import type { Delivery } from "../web-socket-client.ts";

export interface ScopeHost {
  readonly emitter: Emitter<ClientEvents>;
  usersOf(channel: string | undefined): readonly PublicUser[];
  dispatch(type: string, fields: object | undefined, channel: string | undefined): Sending | undefined;
}

/** What one can do everywhere and in one room alike, without the types of a protocol. */
export abstract class Scope {
  /** The room's, in a room. */
  readonly channel: string | undefined;
  protected abstract readonly host: ScopeHost;

  constructor(channel?: string) {
    this.channel = channel;
  }

  get users(): readonly PublicUser[] {
    return this.host.usersOf(this.channel);
  }

  on(type: string, listener: (message: Frame, delivery: Delivery) => unknown): Unsubscribe {
    const own = this.channel;
    return this.hear("message", (message, delivery, channel) => {
      if (message.type === type && (own ?? channel) === channel) listener(message, delivery);
    });
  }

  send(type: string, fields?: object): Sending | undefined {
    return this.host.dispatch(type, fields, this.channel);
  }

  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe {
    const { channel: own = "all" } = this;
    return this.hear("users", (channel, users) => {
      if (channel === own) listener(users);
    });
  }

  /** Every subscription is made here, so that a room can end those that were made through it. */
  protected hear<TName extends keyof ClientEvents>(
    name: TName,
    listener: (...payload: ClientEvents[TName]) => unknown,
  ): Unsubscribe {
    return this.host.emitter.on(name, listener);
  }
}
