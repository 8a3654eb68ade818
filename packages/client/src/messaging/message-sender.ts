// Sends the application's messages: ephemeral ones immediately or not at all, all others through the outbox.
// Called by message scopes; the client passes on what each welcome says about ephemeral types.
// An ephemeral message is dropped when the connection is not open.
import type { Clock } from "../common/clock.ts";
import type { Sending } from "../common/receipt.ts";
import type { FrameWriter } from "../connection/connection.ts";
import { encodeOutgoing } from "./encode-outgoing.ts";
import type { Destination, Outbox } from "./outbox.ts";

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
  readonly #typingThrottleMs: number;
  /** When the next `typing_indicator` may continue the typing, by channel. */
  readonly #typingDueAt = new Map<string | undefined, number>();
  /** The ephemeral types; before the first welcome, only this one is known. */
  #ephemeralTypes: readonly string[] = [TYPING_INDICATOR];

  constructor(parts: MessageSenderParts, typingThrottleMs = TYPING_THROTTLE_MS) {
    this.#parts = parts;
    this.#typingThrottleMs = typingThrottleMs;
  }

  /** @returns undefined for an ephemeral message, which has no receipt */
  send(
    type: string,
    fields: object | undefined,
    { channel, refusal }: Destination,
  ): Sending<unknown> | undefined {
    const { connection, isHeld, outbox, reportError } = this.#parts;
    // Receivers of a chat message end the typing themselves.
    if (type === "chat_message") this.#typingDueAt.delete(channel);
    if (!this.#ephemeralTypes.includes(type)) return outbox.send(type, fields, { channel, refusal });
    if (refusal || !connection.isOpen || isHeld()) return undefined;
    if (type === TYPING_INDICATOR && !this.#isTypingDue(fields, channel)) return undefined;
    const { text, bytes, error } = encodeOutgoing({ ...fields, type }, { ch: channel }, connection.limits);
    if (error) reportError(error);
    // Above the rate, the server would drop it.
    else if (!connection.take(bytes)) connection.write(text);
    return undefined;
  }

  /** Whether an indicator is the first one, one per interval after it, or the one that ends the typing. */
  #isTypingDue(fields?: { isTyping?: unknown }, channel?: string): boolean {
    if (fields?.isTyping !== true) return this.#typingDueAt.delete(channel);
    const now = this.#parts.clock.now();
    if (now < (this.#typingDueAt.get(channel) ?? 0)) return false;
    this.#typingDueAt.set(channel, now + this.#typingThrottleMs);
    return true;
  }

  /** @param ephemeralTypes the application's ephemeral types, from the welcome */
  onWelcome(ephemeralTypes: readonly string[]): void {
    this.#ephemeralTypes = [TYPING_INDICATOR, ...ephemeralTypes];
    this.#parts.outbox.expireTypes(this.#ephemeralTypes);
  }

  onDisconnected(): void {
    // The server has ended the typing.
    this.#typingDueAt.clear();
  }
}
