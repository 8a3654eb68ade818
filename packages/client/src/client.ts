import type { GapReason, PublicUser } from "@halyard/protocol";
import type { ConnectionState } from "./connection-state.js";
import type { Unsubscribe } from "./emitter.js";
import type { WebSocketClientOptions } from "./options.js";
import type { QueueState } from "./receipt.js";
import { RoomHandle } from "./room-handle.js";
import { Scope } from "./scope.js";
import { Session } from "./session.js";
import type { RequestOptions } from "./web-socket-client.js";

/** The public face, without the types of a protocol. */
export class Client extends Scope {
  constructor(options: WebSocketClientOptions) {
    super(new Session(options), undefined);
  }

  get user(): PublicUser | undefined {
    return this.session.connection.user;
  }

  get state(): ConnectionState {
    return this.session.connection.state;
  }

  request(name: string, input?: unknown, options?: RequestOptions): Promise<unknown> {
    return this.session.request(name, input, options);
  }

  onRequest(name: string, handler: (input: unknown) => unknown): Unsubscribe {
    const { handlers } = this.session;
    handlers.set(name, handler);
    return () => {
      if (handlers.get(name) === handler) handlers.delete(name);
    };
  }

  join(room: string): RoomHandle {
    return new RoomHandle(this.session, room);
  }

  onStateChange(listener: (state: ConnectionState) => unknown): Unsubscribe {
    return this.session.emitter.on("state", listener);
  }

  onGap(listener: (channel: string, reason: GapReason) => unknown): Unsubscribe {
    return this.session.emitter.on("gap", listener);
  }

  onQueue(listener: (queue: QueueState) => unknown): Unsubscribe {
    return this.session.emitter.on("queue", listener);
  }

  connect(): void {
    if (this.state.status === "closed") this.session.start();
  }

  close(): void {
    this.session.close();
  }

  authenticate(): void {
    this.session.authenticate();
  }

  reconnect(): void {
    this.session.start();
  }
}
