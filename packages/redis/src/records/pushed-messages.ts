// Routes what Redis pushes: channel messages, presence events, messages between nodes. Used by redis-backplane.ts.
// Guarantee: unknown messages are counted and dropped.
import type { BackplaneHandlers } from "@halyard/server";
import type { Keys } from "../scripts/keys.ts";
import { parseMessage } from "./channel-log.ts";
import { LOST } from "./losses.ts";
import type { Losses } from "./losses.ts";
import type { NodeMessages } from "./node-messages.ts";

export interface PushedMessagesParts {
  readonly handlers: () => BackplaneHandlers | undefined;
  readonly keys: Keys;
  readonly losses: Losses;
  readonly messages: NodeMessages;
  /** May throw. */
  readonly onPresence: (text: string) => void;
}

/** Passes pushed messages on. */
export class PushedMessages {
  readonly #parts: PushedMessagesParts;

  constructor(parts: PushedMessagesParts) {
    this.#parts = parts;
  }

  receive(text: string, topic: string): void {
    const { handlers, keys, losses, messages, onPresence } = this.#parts;
    const channel = keys.channelOf(topic);
    if (channel === undefined) {
      messages.receive(text, topic, () => {
        onPresence(text);
      });
      return;
    }
    if (text === LOST) {
      losses.hear(channel);
      return;
    }
    const message = parseMessage(text);
    if (message === undefined) messages.dropped++;
    else if ("ephemeral" in message) handlers()?.onEphemeral(channel, message.ephemeral);
    else {
      losses.notePushed(channel, message.epoch, message.offset);
      handlers()?.onPublication({ channel, ...message });
    }
  }
}
