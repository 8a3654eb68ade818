// Sends the application's messages: ephemeral ones immediately or not at all, all others through the outbox.
// Called by message scopes; the client passes on what each welcome says about ephemeral types.
// An ephemeral message is dropped when the connection is not open.
import type { Clock } from "../common/clock.ts";
import type { Sending } from "../common/receipt.ts";
import type { FrameWriter } from "../connection/connection.ts";
import { encodeOutgoing } from "./encode-outgoing.ts";
import type { Destination, Outbox } from "./outbox.ts";
import { TypingThrottle } from "./typing-throttle.ts";

const TYPING_INDICATOR = "typing_indicator";
const TYPING_THROTTLE_MS = 3_000;

interface MessageSenderParts {
  readonly clock: Clock;
  readonly connection: FrameWriter;
  /** While the session is being renewed. */
  readonly isHeld: () => boolean;
  readonly outbox: Outbox;
  readonly reportError: (error: unknown) => void;
}

export class MessageSender {
  readonly #parts: MessageSenderParts;
  readonly #typing: TypingThrottle;
  /** The ephemeral types; before the first welcome, only this one is known. */
  #ephemeralTypes: readonly string[] = [TYPING_INDICATOR];

  constructor(parts: MessageSenderParts, typingThrottleMs = TYPING_THROTTLE_MS) {
    this.#parts = parts;
    this.#typing = new TypingThrottle(typingThrottleMs);
  }

  /** @returns undefined for an ephemeral message, which has no receipt */
  send(
    type: string,
    fields: object | undefined,
    { channel, refusal }: Destination,
  ): Sending<unknown> | undefined {
    const { clock, connection, isHeld, outbox, reportError } = this.#parts;
    if (type === "chat_message") this.#typing.onChatMessage(channel);
    if (!this.#ephemeralTypes.includes(type)) return outbox.send(type, fields, { channel, refusal });
    if (refusal || !connection.isOpen || isHeld()) return undefined;
    const { isTyping } = Object(fields) as { isTyping?: unknown };
    if (type === TYPING_INDICATOR && !this.#typing.isDue(channel, isTyping === true, clock.now()))
      return undefined;
    const { text, bytes, error } = encodeOutgoing({ ...fields, type }, { ch: channel }, connection.limits);
    if (error) reportError(error);
    // Above the rate, the server would drop it.
    else if (!connection.take(bytes)) connection.write(text);
    return undefined;
  }

  /** @param ephemeralTypes the application's ephemeral types, from the welcome */
  onWelcome(ephemeralTypes: readonly string[]): void {
    this.#ephemeralTypes = [TYPING_INDICATOR, ...ephemeralTypes];
    this.#parts.outbox.expireTypes(this.#ephemeralTypes);
  }

  onDisconnected(): void {
    this.#typing.clear();
  }
}
