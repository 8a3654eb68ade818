import { ALL, roomChannel, userChannel } from "../channels/channel-name.ts";
import type { Core } from "./server-context.ts";
import { clientKey } from "../channels/envelope.ts";
import { Frame } from "../delivery/outbound-frame.ts";
import { prepareOutgoing } from "./outgoing-message.ts";
import type { OutgoingMessageText } from "./outgoing-message.ts";
import type { Published, WebSocketInstance } from "../types.ts";

/** The way out for everything that the application says: checked, encoded, and published on a channel. */
export class Publisher {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  toAll(message: object | string, excludeWs?: WebSocketInstance): Promise<Published> {
    return this.#publish(ALL, message, excludeWs);
  }

  toRoom(room: string, message: object | string, excludeWs?: WebSocketInstance): Promise<Published> {
    return this.#publish(roomChannel(room), message, excludeWs);
  }

  toUser(userId: string, message: object | string, excludeWs?: WebSocketInstance): Promise<Published> {
    return this.#publish(userChannel(userId), message, excludeWs);
  }

  /** To one connection, past all channels: no offset, and lost when it is gone. */
  toConnection(ws: WebSocketInstance, message: object | string): void {
    const connection = this.#core.table.of(ws);
    const prepared = this.#prepare(message);
    if (!(prepared instanceof Promise)) {
      connection?.push(new Frame(prepared.json));
      return;
    }
    prepared.then(
      ({ json }) => connection?.push(new Frame(json)),
      (error: unknown) => {
        this.#core.report(error, { type: "send", ws: connection?.ws });
      },
    );
  }

  /** Publishes text that is ready. Rejects when the backplane does. */
  async publishText(
    channel: string,
    message: OutgoingMessageText,
    excludeWs?: WebSocketInstance,
  ): Promise<Published> {
    const sender = excludeWs === undefined ? undefined : this.#core.table.of(excludeWs);
    const { position } = await this.#core.hub.publish(channel, {
      json: message.json,
      ephemeral: message.ephemeral,
      except: sender === undefined ? undefined : clientKey(sender.client),
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
    return this.#settle(channel, prepared, excludeWs);
  }

  async #settle(
    channel: string,
    prepared: OutgoingMessageText | Promise<OutgoingMessageText>,
    excludeWs: WebSocketInstance | undefined,
  ): Promise<Published> {
    let id = "";
    try {
      const ready = prepared instanceof Promise ? await prepared : prepared;
      id = ready.id;
      return await this.publishText(channel, ready, excludeWs);
    } catch (error) {
      this.#core.report(error, { type: "publish", ws: undefined });
      return { id, channel, offset: undefined };
    }
  }

  #prepare(message: object | string): OutgoingMessageText | Promise<OutgoingMessageText> {
    const { types, clock } = this.#core;
    return prepareOutgoing(message, { types, now: () => clock.now() });
  }
}
