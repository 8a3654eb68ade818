// Publishes messages on channels and sends to single connections: checked, completed and encoded. Called by the manager
// and, for relayed messages, by Dispatcher.
import type { ClientRef } from "../backplane.ts";
import { GLOBAL_CHANNEL, roomChannel, userChannel } from "../channels/channel-name.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import { clientKey } from "../channels/envelope.ts";
import { profileOf } from "../connection/public-profile.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import type { Clock, ErrorContext, Published, WebSocketInstance } from "../types.ts";
import { dateOf } from "@halyard/protocol/internal";
import type { MessageTypeRegistry } from "./message-types.ts";
import { encodeOutgoing } from "./outgoing-message.ts";
import type { EncodedMessage } from "./outgoing-message.ts";

interface PublisherParts {
  readonly channels: ChannelHub;
  readonly clock: Clock;
  readonly connections: ConnectionTable;
  readonly report: (error: unknown, context: ErrorContext) => void;
  readonly types: MessageTypeRegistry;
}

/** A client's message that the server publishes without a handler. */
interface RelayedMessage {
  readonly type: string;
  readonly id: string;
  readonly fields: object;
  readonly room: string | undefined;
  readonly ephemeral: boolean;
}

/** Publishes what the application and the clients send. */
export class Publisher {
  readonly #parts: PublisherParts;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  toAll(message: object | string, excludeWs?: WebSocketInstance): Promise<Published> {
    return this.#publish(GLOBAL_CHANNEL, message, excludeWs);
  }

  toRoom(room: string, message: object | string, excludeWs?: WebSocketInstance): Promise<Published> {
    return this.#publish(roomChannel(room), message, excludeWs);
  }

  toUser(userId: string, message: object | string, excludeWs?: WebSocketInstance): Promise<Published> {
    return this.#publish(userChannel(userId), message, excludeWs);
  }

  /**
   * Sends to one connection, outside all channels: without an offset, and lost when the connection is closed. Before the
   * welcome the frame is kept, because a client takes nothing that comes before it.
   */
  toConnection(ws: WebSocketInstance, message: object | string): void {
    const connection = this.#parts.connections.of(ws);
    const encoded = this.#encode(message);
    if (!(encoded instanceof Promise)) {
      connection?.pushAfterWelcome(new OutboundFrame(encoded.json));
      return;
    }
    encoded.then(
      ({ json }) => connection?.pushAfterWelcome(new OutboundFrame(json)),
      (error: unknown) => {
        this.#parts.report(error, { type: "send", ws: connection?.ws });
      },
    );
  }

  /** Publishes a client's message to the other connections, with its author. Rejects when the backplane does. */
  relay(connection: Connection, { type, id, fields, room, ephemeral }: RelayedMessage): Promise<Published> {
    const channel = room === undefined ? GLOBAL_CHANNEL : roomChannel(room);
    const json = JSON.stringify({ type, ...fields, from: this.#authorOf(connection) });
    const idempotencyKey = ephemeral ? undefined : `${id}\0${connection.userId}`;
    const encoded = { type, id, json, ephemeral, idempotencyKey, author: connection.userId };
    return this.#publishEncoded(channel, encoded, connection.client);
  }

  #authorOf({ userId }: Connection): object {
    const { clock, connections } = this.#parts;
    const author = connections.connectedUsers.get(userId);
    const connectedAt = (author?.connectedAt ?? new Date(dateOf(clock))).toISOString();
    return { ...(author ?? profileOf({ id: userId })), connectedAt };
  }

  /** Rejects when the backplane does. */
  async #publishEncoded(
    channel: string,
    message: EncodedMessage,
    excluded: ClientRef | undefined,
  ): Promise<Published> {
    const { position } = await this.#parts.channels.publish(channel, {
      json: message.json,
      ephemeral: message.ephemeral,
      excludedClient: excluded === undefined ? undefined : clientKey(excluded),
      idempotencyKey: message.idempotencyKey,
      // What a handler publishes to all but the sender is the sender's.
      author: message.author ?? excluded?.user,
    });
    return { id: message.id, channel, offset: position?.off };
  }

  /**
   * Never rejects: most callers do not await a publish, so its failure goes to `onError`.
   *
   * @throws TypeError at once when the message is not valid
   */
  #publish(
    channel: string,
    message: object | string,
    excludeWs: WebSocketInstance | undefined,
  ): Promise<Published> {
    // Taken now: the socket may close before the message is encoded, and its client must not get the message on resume.
    const excluded = excludeWs === undefined ? undefined : this.#parts.connections.clientOf(excludeWs);
    return this.#awaitPublish(channel, this.#encode(message), excluded);
  }

  async #awaitPublish(
    channel: string,
    encoding: EncodedMessage | Promise<EncodedMessage>,
    excluded: ClientRef | undefined,
  ): Promise<Published> {
    let id = "";
    try {
      const encoded = encoding instanceof Promise ? await encoding : encoding;
      id = encoded.id;
      return await this.#publishEncoded(channel, encoded, excluded);
    } catch (error) {
      this.#parts.report(error, { type: "publish", ws: undefined });
      return { id, channel, offset: undefined };
    }
  }

  #encode(message: object | string): EncodedMessage | Promise<EncodedMessage> {
    const { types, clock } = this.#parts;
    return encodeOutgoing(message, { types, now: () => dateOf(clock) });
  }
}
