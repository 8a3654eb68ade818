// Checks, completes and encodes messages, and publishes them on channels or sends them to one connection. Called by the manager
// and, for relayed messages, by Dispatcher.
import type { ClientRef, PublishedWork, PublishResult } from "../backplane.ts";
import { GLOBAL_CHANNEL, roomChannel, userChannel } from "../channels/channel-name.ts";
import type { ChannelHub } from "../channels/channel-hub.ts";
import type { EarlierEntry, PublishedRooms } from "../channels/envelope.ts";
import { clientKey, Exclusion } from "../channels/exclusion.ts";
import { profileOf } from "../connection/public-profile.ts";
import { isUserId } from "../connection/socket-data.ts";
import type { Connection } from "../connection/connection.ts";
import type { ConnectionTable } from "../connection/connection-table.ts";
import { assertFitsFrame } from "../delivery/frame-size.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { wireJson } from "../delivery/wire-json.ts";
import type { Clock, ErrorContext, Except, Published, SendOptions, WebSocketInstance } from "../types.ts";
import { dateOf, isPromise } from "@halyard/protocol/internal";
import { toHalyardError } from "../utils/errors.ts";
import { unwrapResolved } from "../utils/maybe-promise.ts";
import type { MessageTypeRegistry } from "./message-types.ts";
import { encodeOutgoing } from "./outgoing-message.ts";
import type { EncodedMessage, RepeatablePublish } from "./outgoing-message.ts";

interface MessagePublisherParts {
  readonly channels: Pick<ChannelHub, "publish" | "toStored">;
  readonly clock: Clock;
  readonly connections: ConnectionTable;
  readonly report: (error: unknown, context: ErrorContext) => void;
  readonly types: MessageTypeRegistry;
}

/** A client's message that the server relays without a handler. */
export interface RelayedMessage {
  readonly type: string;
  readonly id: string;
  readonly fields: object;
  readonly room: string | undefined;
  readonly ephemeral: boolean;
}

/** The clients and users that do not get a message, and the user who counts as its author if the message itself has none. */
interface LeftOut {
  readonly except?: Exclusion | undefined;
  readonly author?: string | undefined;
}

/** Where a message goes. */
interface Destination extends LeftOut {
  readonly channel: string;
  readonly rooms?: PublishedRooms | undefined;
}

/** A checked message with its destination. */
interface ReadyMessage extends Destination {
  readonly message: EncodedMessage;
}

/** A message in the form in which the history stores it. */
export interface StoredMessage extends Omit<PublishedWork, "result"> {
  readonly id: string;
}

const MAX_LEFT_OUT = 1_000;

/** Publishes the messages of the application and of clients. */
export class MessagePublisher {
  readonly #parts: MessagePublisherParts;

  constructor(parts: MessagePublisherParts) {
    this.#parts = parts;
  }

  toAll(message: object | string, options?: WebSocketInstance | SendOptions): Promise<Published> {
    return this.#publish(GLOBAL_CHANNEL, message, options);
  }

  toRoom(
    room: string,
    message: object | string,
    options?: WebSocketInstance | SendOptions,
  ): Promise<Published> {
    return this.#publish(roomChannel(room), message, options);
  }

  toUser(
    userId: string,
    message: object | string,
    options?: WebSocketInstance | SendOptions,
  ): Promise<Published> {
    if (!isUserId(userId))
      throw new TypeError("a message to a user needs the user's id, a text of 1 to 900 bytes");
    return this.#publish(userChannel(userId), message, options);
  }

  /**
   * Publishes one message to several rooms, one after the other; each entry lists the positions of the earlier ones. Stops at the
   * first room that fails.
   */
  toRooms(
    rooms: readonly string[],
    message: object | string,
    options: SendOptions = {},
  ): Promise<readonly Published[]> {
    const channels = rooms.map(roomChannel);
    const { idempotencyKey: key } = options;
    const leftOut = this.#leftOutBy(options);
    const repeatable = key === undefined ? undefined : { channel: channels.join("\0"), key };
    return this.#publishInRooms(rooms, this.#encode(message, repeatable), leftOut);
  }

  async #publishInRooms(
    rooms: readonly string[],
    encoding: EncodedMessage | Promise<EncodedMessage>,
    leftOut: LeftOut,
  ): Promise<readonly Published[]> {
    const all: Published[] = [];
    const before: EarlierEntry[] = [];
    let id = "";
    try {
      const encoded = isPromise(encoding) ? await encoding : encoding;
      id = encoded.id;
      for (const [index, room] of rooms.entries()) {
        const channel = roomChannel(room);
        const destination = {
          ...leftOut,
          channel,
          rooms: { before: [...before], after: rooms.slice(index + 1) },
        };
        const publishing = unwrapResolved(this.#publishEncoded(encoded, destination));
        // No await if the result is known at once, so that the caller's next publish comes after this one.
        const { position } = isPromise(publishing) ? await publishing : publishing;
        before.push({ room, ...position });
        all.push({ id, channel, offset: position?.off, error: undefined });
      }
    } catch (failure) {
      this.#parts.report(failure, { type: "publish", ws: undefined });
      const error = toHalyardError(failure);
      for (const room of rooms.slice(all.length))
        all.push({ id, channel: roomChannel(room), offset: undefined, error });
    }
    return all;
  }

  /**
   * Sends to one connection, outside all channels: without an offset, and lost if the connection closes. Before the
   * welcome the frame is held back, because a client accepts nothing before it. A message that exceeds a frame is not
   * sent, and `onError` gets the error.
   */
  toConnection(ws: WebSocketInstance, message: object | string): void {
    const connection = this.#parts.connections.of(ws);
    const encoded = this.#encode(message);
    const fail = (error: unknown): void => {
      this.#parts.report(error, { type: "send", ws: connection?.ws });
    };
    const push = ({ type, json }: EncodedMessage): void => {
      try {
        assertFitsFrame(json, type);
        connection?.pushAfterWelcome(new OutboundFrame(json));
      } catch (error) {
        fail(error);
      }
    };
    if (isPromise(encoded)) encoded.then(push, fail);
    else push(encoded);
  }

  /** Publishes a client's message to the other connections, with its author. Rejects when the backplane does. */
  async relay(connection: Connection, relayed: RelayedMessage): Promise<Published> {
    const { message, ...destination } = this.#relayed(connection, relayed);
    const { position } = await this.#publishEncoded(message, destination);
    const { channel } = destination;
    return { id: message.id, channel, offset: position?.off, error: undefined };
  }

  /** The message that {@link relay} would store. @throws LimitError `payload_too_large` */
  storedRelay(connection: Connection, relayed: RelayedMessage): StoredMessage {
    return this.#toStored(this.#relayed(connection, relayed));
  }

  /** The message that {@link toRoom}, or {@link toAll} without a room, would store. @throws LimitError `payload_too_large` */
  async storedMessage(
    message: object,
    room: string | undefined,
    excluded: ClientRef | undefined,
  ): Promise<StoredMessage> {
    const channel = room === undefined ? GLOBAL_CHANNEL : roomChannel(room);
    return this.#toStored({ channel, message: await this.#encode(message), except: exclusionOf(excluded) });
  }

  #relayed(connection: Connection, { type, id, fields, room, ephemeral }: RelayedMessage): ReadyMessage {
    const channel = room === undefined ? GLOBAL_CHANNEL : roomChannel(room);
    const json = wireJson({ type, ...fields, from: this.#authorOf(connection) });
    const idempotencyKey = ephemeral ? undefined : `${id}\0${connection.userId}`;
    const message = { type, id, json, ephemeral, idempotencyKey, author: connection.userId };
    return { channel, message, except: exclusionOf(connection.client) };
  }

  #toStored({ channel, message, except }: ReadyMessage): StoredMessage {
    assertFitsFrame(message.json, message.type);
    return { id: message.id, ...this.#parts.channels.toStored(channel, { ...message, except }) };
  }

  /** The author of a message, even of a lost connection, which is no longer in the table. */
  #authorOf({ userId, identity, openedAt }: Connection): object {
    const author = this.#parts.connections.connectedUsers.get(userId);
    const connectedAt = (author?.connectedAt ?? new Date(openedAt)).toISOString();
    return { ...(author ?? profileOf(identity.user)), connectedAt };
  }

  /** Rejects when the backplane does. @throws HalyardError `payload_too_large` */
  #publishEncoded(
    message: EncodedMessage,
    { channel, except, rooms, author }: Destination,
  ): Promise<PublishResult> {
    assertFitsFrame(message.json, message.type);
    const { json, ephemeral, idempotencyKey } = message;
    const by = message.author ?? author;
    return this.#parts.channels.publish(channel, {
      json,
      ephemeral,
      except,
      rooms,
      idempotencyKey,
      author: by,
    });
  }

  /**
   * Publishes a message. Never rejects, because most callers do not await a publish; a failure goes to `onError`.
   *
   * @param options the connection to exclude, or options
   * @throws TypeError at once when the message is not valid
   */
  #publish(
    channel: string,
    message: object | string,
    options: WebSocketInstance | SendOptions = {},
  ): Promise<Published> {
    const given: SendOptions = "send" in options ? { except: { ws: options } } : options;
    const { idempotencyKey: key } = given;
    const leftOut = this.#leftOutBy(given);
    const encoding = this.#encode(message, key === undefined ? undefined : { channel, key });
    return this.#awaitPublish(encoding, { ...leftOut, channel });
  }

  /**
   * The excluded clients and users. Resolved at once, because the socket may close before the message is encoded, and its
   * client must not get the message on resume either. A message that excludes its sender counts as written by the sender.
   *
   * @throws TypeError for too many of them, and for what names none
   */
  #leftOutBy({ except }: SendOptions): LeftOut {
    if (except === undefined) return {};
    const { ws = [], userIds = [] }: Except = except;
    if (Object(except) !== except || !Array.isArray(userIds))
      throw new TypeError("except names connections and users: { except: { ws, userIds: [user.id] } }");
    const sockets = "send" in ws ? [ws] : ws;
    if (sockets.length + userIds.length > MAX_LEFT_OUT)
      throw new TypeError(`except leaves out at most ${String(MAX_LEFT_OUT)} connections and users`);
    const refs = sockets.flatMap((socket) => this.#parts.connections.clientOf(socket) ?? []);
    if (refs.length + userIds.length === 0) return {};
    const exclusion = new Exclusion(refs.map(clientKey), userIds);
    return { except: exclusion, author: exclusion.only === undefined ? undefined : refs[0]?.user };
  }

  async #awaitPublish(
    encoding: EncodedMessage | Promise<EncodedMessage>,
    destination: Destination,
  ): Promise<Published> {
    const { channel } = destination;
    let id = "";
    try {
      const encoded = isPromise(encoding) ? await encoding : encoding;
      id = encoded.id;
      const { position } = await this.#publishEncoded(encoded, destination);
      return { id, channel, offset: position?.off, error: undefined };
    } catch (error) {
      this.#parts.report(error, { type: "publish", ws: undefined });
      return { id, channel, offset: undefined, error: toHalyardError(error) };
    }
  }

  #encode(
    message: object | string,
    repeatable?: RepeatablePublish,
  ): EncodedMessage | Promise<EncodedMessage> {
    const { types, clock } = this.#parts;
    return encodeOutgoing(message, { types, now: () => dateOf(clock), repeatable });
  }
}

function exclusionOf(client: ClientRef | undefined): Exclusion | undefined {
  return client === undefined ? undefined : new Exclusion([clientKey(client)]);
}
