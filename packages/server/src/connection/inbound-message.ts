import type { Frame, FrameMeta, HalyardError } from "@halyard/protocol/wire";
import { decodeFrame } from "@halyard/protocol/wire";
import type { ClientRef } from "../backplane.ts";
import type { Connection } from "./connection.ts";

/** The reserved field of a client's frame. */
export interface InboundMeta extends FrameMeta {
  /** The client id of the sending tab, if tabs share the connection and `id` names a tab. Each tab has its own sequence numbers. */
  readonly tab?: string;
  /** The id of a request within this tab. */
  readonly tabKey?: string;
}

/** An inbound frame that is within its size and rate, is JSON, and has a valid `$`; or a frame with a `refusal`. */
export interface InboundMessage {
  readonly connection: Connection;
  readonly frame: Frame;
  readonly meta: InboundMeta;
  readonly digest: number;
  /** The size of its text. */
  readonly bytes: number;
  /** Set when the frame has a number but cannot be read as a send: this error is its answer and uses up the number. */
  readonly refusal?: HalyardError | undefined;
}

/** The client that the numbers and ids of a message belong to: that of the connection, or a tab that shares it. */
export function clientOf({ connection, meta }: Pick<InboundMessage, "connection" | "meta">): ClientRef {
  const { client } = connection;
  return meta.tab === undefined ? client : { user: client.user, client: meta.tab };
}

/** How long after the first attempt a client sends a message again. */
export const REPEATED_MS = 240_000;

/** Whether the client may have sent the message before, over an earlier connection. Not known for tabs that share the connection. */
export function mayBeRepetition({ connection, meta }: Pick<InboundMessage, "connection" | "meta">): boolean {
  const { begunBefore } = connection;
  if (begunBefore === undefined || meta.tab !== undefined) return false;
  if (meta.seq !== undefined) return meta.seq <= begunBefore.lastSeq;
  return meta.id !== undefined && begunBefore.requests.includes(meta.id);
}

/** Whether the connection may send for the tab that a frame names, if any. A frame that is refused here does not use up its number. */
export function acceptsTab(connection: Connection, { tab }: InboundMeta): boolean {
  return tab === undefined || connection.tabs?.add(tab, connection.lastActivityAt) === true;
}

/** Whether a plain client's text is to be read as JSON. */
function looksLikeJson(text: string): boolean {
  // White space as JSON defines it, without a byte order mark.
  return /^[ \t\r\n]*[[{]/.test(text);
}

/** Reads a plain client's text that is not JSON as a chat message, unless it is empty or starts with NUL or a byte order mark. */
function plainText(text: string): Frame | "invalid_message" {
  return text === "" || text.startsWith("\0") || text.startsWith("\uFEFF")
    ? "invalid_message"
    : { type: "chat_message", content: text };
}

/** Reads a client's text. The results are those of `decodeFrame`. */
export function readFrame(
  text: string,
  { isV1 }: { readonly isV1: boolean },
  brackets?: number,
): ReturnType<typeof decodeFrame> {
  return isV1 || looksLikeJson(text) ? decodeFrame(text, brackets) : plainText(text);
}

/**
 * A message that may have to wait. While it waits, only its text is kept: a text of many small objects takes 28 times as much when it
 * is parsed.
 */
export class HeldMessage {
  #kept: InboundMessage | Omit<InboundMessage, "frame">;
  /** Undefined when the message was taken. */
  #text: string | undefined;

  /** @param text the text of the message's frame */
  constructor(message: InboundMessage, text: string) {
    this.#kept = message;
    this.#text = text;
  }

  /** Keeps only the text, because the message waits now, unless it was taken. */
  release(): void {
    if (this.#text === undefined || !("frame" in this.#kept)) return;
    const { frame: _, ...envelope } = this.#kept;
    this.#kept = envelope;
  }

  /** The message, whose turn it is. */
  take(): InboundMessage {
    const kept = this.#kept;
    const text = this.#text ?? "";
    this.#text = undefined;
    if ("frame" in kept) return kept;
    const frame = readFrame(text, kept.connection);
    return { ...kept, frame: typeof frame === "string" ? UNREADABLE : frame };
  }
}

/** Stands for a frame that cannot be read. */
export const UNREADABLE: Frame = { type: "" };
