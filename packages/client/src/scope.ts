import type { PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { Unsubscribe } from "./emitter.js";
import type { Sending } from "./receipt.js";
import type { Session } from "./session.js";
import type { Delivery } from "./web-socket-client.js";

/** What one can do everywhere and in one room alike, without the types of a protocol. */
export class Scope {
  protected readonly session: Session;
  readonly #room: string | undefined;

  constructor(session: Session, room: string | undefined) {
    this.session = session;
    this.#room = room;
  }

  get users(): readonly PublicUser[] {
    return this.session.usersOf(this.#channel ?? "all");
  }

  on(type: string, listener: (message: Frame, delivery: Delivery) => unknown): Unsubscribe {
    const room = this.#room;
    return this.keep(
      this.session.emitter.on("message", (message, delivery) => {
        if (message.type === type && (room === undefined || delivery.room === room))
          listener(message, delivery);
      }),
    );
  }

  send(type: string, fields?: object): Sending | undefined {
    return this.session.send(type, fields, this.#channel);
  }

  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe {
    const own = this.#channel ?? "all";
    return this.keep(
      this.session.emitter.on("users", (channel, users) => {
        if (channel === own) listener(users);
      }),
    );
  }

  /** Sees every subscription, so that a room can end those that were made through it. */
  protected keep(unsubscribe: Unsubscribe): Unsubscribe {
    return unsubscribe;
  }

  get #channel(): string | undefined {
    return this.#room === undefined ? undefined : `room:${this.#room}`;
  }
}
