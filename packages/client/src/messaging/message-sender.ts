// Sends the application's messages: ephemeral ones at once or not at all, all others through the outbox.
// Called by message scopes; the client passes on what each welcome says about ephemeral types.
// An ephemeral message is dropped when the connection is not open.
import { HalyardError } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import type { FrameWriter } from "../connection/connection.ts";
import { encodeOutgoing } from "./encode-outgoing.ts";
import type { Outbox } from "./outbox.ts";
import type { Sending } from "./receipt.ts";
import { TypingThrottle } from "./typing-throttle.ts";

const TYPING_INDICATOR = "typing_indicator";
const TYPING_THROTTLE_MS = 3_000;

interface MessageSenderParts {
  readonly clock: Clock;
  readonly connection: FrameWriter;
  readonly outbox: Outbox;
  readonly reportError: (error: unknown) => void;
}

export class MessageSender {
  readonly #parts: MessageSenderParts;
  readonly #typing: TypingThrottle;
  /** Before the first welcome, the client knows only this type as ephemeral. */
  #ephemeralTypes: readonly string[] = [TYPING_INDICATOR];

  constructor(parts: MessageSenderParts, typingThrottleMs = TYPING_THROTTLE_MS) {
    this.#parts = parts;
    this.#typing = new TypingThrottle(typingThrottleMs);
  }

  /** @returns nothing for an ephemeral message, which has no receipt */
  send(type: string, fields: object | undefined, channel: string | undefined): Sending | undefined {
    const { clock, connection, outbox, reportError } = this.#parts;
    if (type === "chat_message") this.#typing.onChatMessage(channel);
    if (!this.#ephemeralTypes.includes(type)) return outbox.send(type, fields, { channel });
    if (!connection.isWelcomed) return undefined;
    const { isTyping } = Object(fields) as { isTyping?: unknown };
    if (type === TYPING_INDICATOR && !this.#typing.isDue(channel, isTyping === true, clock.now()))
      return undefined;
    const { text, bytes, error } = encodeOutgoing({ ...fields, type }, { ch: channel }, connection.limits);
    if (error) reportError(error);
    // Over the rate, the server would drop it.
    else if (!connection.take(bytes)) connection.write(text);
    return undefined;
  }

  /** For a room that was left. @returns the receipt of a rejection; nothing for an ephemeral message */
  reject(type: string, fields: object | undefined): Sending | undefined {
    const error = new HalyardError("forbidden");
    return this.#ephemeralTypes.includes(type)
      ? undefined
      : this.#parts.outbox.send(type, fields, { refusal: error });
  }

  /** @param ephemeralTypes those of the application, from the welcome */
  onWelcome(ephemeralTypes: readonly string[]): void {
    this.#ephemeralTypes = [TYPING_INDICATOR, ...ephemeralTypes];
  }

  /** The connection is open: the outbox writes the messages that wait. */
  onOpen(): void {
    this.#parts.outbox.open(this.#ephemeralTypes);
  }

  onDisconnected(): void {
    this.#typing.clear();
  }
}
