import type { GapReason, PublicUser } from "@halyard/protocol";
import type { Frame } from "@halyard/protocol/wire";
import type { ConnectionState } from "./connection-state.js";
import type { Unsubscribe } from "./emitter.js";
import type { WebSocketClientOptions } from "./options.js";
import type { QueueState, Sending } from "./receipt.js";
import { RoomHandle } from "./room-handle.js";
import { Session } from "./session.js";
import type { Delivery, RequestOptions } from "./web-socket-client.js";

/** The public face, without the types of a protocol. */
export class Client {
  readonly #session: Session;

  constructor(options: WebSocketClientOptions) {
    this.#session = new Session(options);
  }

  get user(): PublicUser | undefined {
    return this.#session.connection.user;
  }

  get users(): readonly PublicUser[] {
    return this.#session.presence.of("all");
  }

  get state(): ConnectionState {
    return this.#session.connection.state;
  }

  on(type: string, listener: (message: Frame, delivery: Delivery) => unknown): Unsubscribe {
    return this.#session.emitter.on("message", (message, delivery) =>
      message.type === type ? listener(message, delivery) : undefined,
    );
  }

  send(type: string, fields?: object): Sending | undefined {
    return this.#session.send(type, fields, undefined);
  }

  request(name: string, input?: unknown, options?: RequestOptions): Promise<unknown> {
    return this.#session.request(name, input, options);
  }

  join(room: string): RoomHandle {
    return new RoomHandle(this.#session, room);
  }

  onStateChange(listener: (state: ConnectionState) => unknown): Unsubscribe {
    return this.#session.emitter.on("state", listener);
  }

  onUsersChange(listener: (users: readonly PublicUser[]) => unknown): Unsubscribe {
    return this.#session.emitter.on("users", (channel, users) => {
      if (channel === "all") listener(users);
    });
  }

  onGap(listener: (channel: string, reason: GapReason) => unknown): Unsubscribe {
    return this.#session.emitter.on("gap", listener);
  }

  onQueue(listener: (queue: QueueState) => unknown): Unsubscribe {
    return this.#session.emitter.on("queue", listener);
  }

  connect(): void {
    this.#session.connect();
  }

  close(): void {
    this.#session.connection.close();
  }

  authenticate(): void {
    this.#session.authenticate();
  }

  reconnect(): void {
    this.#session.restart();
  }
}
