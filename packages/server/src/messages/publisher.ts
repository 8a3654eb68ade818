import { GLOBAL_CHANNEL, roomChannel, userChannel } from "../channels/channel-name.ts";
import type { ServerContext } from "../server-context.ts";
import { clientKey } from "../channels/envelope.ts";
import { OutboundFrame } from "../delivery/outbound-frame.ts";
import { encodeOutgoing } from "./outgoing-message.ts";
import type { EncodedMessage } from "./outgoing-message.ts";
import type { Published, WebSocketInstance } from "../types.ts";

/** The way out for everything that the application says: checked, encoded, and published on a channel. */
export class Publisher {
  readonly #core: ServerContext;

  constructor(core: ServerContext) {
    this.#core = core;
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

  /** To one connection, past all channels: no offset, and lost when it is gone. */
  toConnection(ws: WebSocketInstance, message: object | string): void {
    const connection = this.#core.connections.of(ws);
    const prepared = this.#prepare(message);
    if (!(prepared instanceof Promise)) {
      connection?.push(new OutboundFrame(prepared.json));
      return;
    }
    prepared.then(
      ({ json }) => connection?.push(new OutboundFrame(json)),
      (error: unknown) => {
        this.#core.report(error, { type: "send", ws: connection?.ws });
      },
    );
  }

  /** Publishes text that is ready. Rejects when the backplane does. */
  async publishEncoded(
    channel: string,
    message: EncodedMessage,
    excludeWs?: WebSocketInstance,
  ): Promise<Published> {
    const sender = excludeWs === undefined ? undefined : this.#core.connections.of(excludeWs);
    const { position } = await this.#core.channels.publish(channel, {
      json: message.json,
      ephemeral: message.ephemeral,
      excludedClient: sender === undefined ? undefined : clientKey(sender.client),
      idempotencyKey: message.idempotencyKey,
    });
    return { id: message.id, channel, offset: position?.off };
  }

  /**
   * Never rejects: nobody waits for most publishes, and a failure must still be heard.
   *
   * @throws TypeError at once when the message is not valid
   */
  #publish(
    channel: string,
    message: object | string,
    excludeWs: WebSocketInstance | undefined,
  ): Promise<Published> {
    const prepared = this.#prepare(message);
    return this.#awaitPublish(channel, prepared, excludeWs);
  }

  async #awaitPublish(
    channel: string,
    prepared: EncodedMessage | Promise<EncodedMessage>,
    excludeWs: WebSocketInstance | undefined,
  ): Promise<Published> {
    let id = "";
    try {
      const started = prepared instanceof Promise ? await prepared : prepared;
      id = started.id;
      return await this.publishEncoded(channel, started, excludeWs);
    } catch (error) {
      this.#core.report(error, { type: "publish", ws: undefined });
      return { id, channel, offset: undefined };
    }
  }

  #prepare(message: object | string): EncodedMessage | Promise<EncodedMessage> {
    const { types, clock } = this.#core;
    return encodeOutgoing(message, { types, now: () => clock.now() });
  }
}
