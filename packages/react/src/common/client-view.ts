// A client and its rooms as the hooks use them, without the types of a protocol, which exist only at compile time.
// `create-halyard-react.ts` adds the types of the application's protocol.
import type { ConnectionState, Delivery, RoomState, Sending, Store, Unsubscribe } from "@halyard/client";
import type { PublicUser } from "@halyard/protocol";

export type Users = readonly PublicUser[];

/** A received message; the application's fields may be anything. */
export interface AnyMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

export type MessageListener = (message: AnyMessage, delivery: Delivery) => unknown;

/** What a client and a room have in common. */
export interface AnyScope {
  /** The name of the room; undefined for a client. */
  readonly name?: string;
  readonly stores: { readonly users: Store<Users> };
  on(type: string, listener: MessageListener): Unsubscribe;
  /** Returns undefined for an ephemeral message, which has no receipt. */
  send(type: string, fields?: object): Sending<unknown> | undefined;
  request(name: string, input?: unknown, options?: object): Promise<unknown>;
}

export interface AnyRoom extends AnyScope {
  readonly name: string;
  readonly state: RoomState;
  readonly stores: { readonly state: Store<RoomState>; readonly users: Store<Users> };
  readonly ready: PromiseLike<RoomState>;
  updatePresence(patch: object): void;
  leave(): void;
}

export interface AnyClient extends AnyScope {
  readonly user: PublicUser | undefined;
  readonly state: ConnectionState;
  readonly stores: {
    readonly state: Store<ConnectionState>;
    readonly user: Store<PublicUser | undefined>;
    readonly users: Store<Users>;
  };
  join(room: string): AnyRoom;
  onGap(listener: (channel: string) => unknown): Unsubscribe;
  connect(): void;
}
