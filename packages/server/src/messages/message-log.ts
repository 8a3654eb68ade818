// Logs for the developer what clients send and what is refused, if `verboseLogging` is set, and
// always which handlers are missing.
// Guarantee: a line contains no field of a message, and no name that does not come from the application.
import { printable } from "@halyard/protocol/internal";
import { normalizeRoomName } from "@halyard/protocol/wire";
import type { HalyardError } from "@halyard/protocol/wire";
import { roomNameOf } from "../channels/channel-name.ts";
import type { Connection } from "../connection/connection.ts";
import type { InboundMessage } from "../connection/inbound-message.ts";
import type { Logger } from "../logger.ts";
import type { MessageHandlerRegistry } from "./handler-registry.ts";
import type { MessageTypeRegistry } from "./message-types.ts";

const MAX_TEXT_LENGTH = 64;

export interface MessageLogParts {
  readonly logger: Pick<Logger, "info">;
  readonly registry: Pick<MessageHandlerRegistry, "find">;
  readonly types: Pick<MessageTypeRegistry, "fromClient" | "request">;
}

const CONTROL_TYPES: ReadonlySet<string> = new Set(["join", "leave", "request", "authenticate"]);

/** Logs the messages of clients at level `info`. */
export class MessageLog {
  readonly #parts: MessageLogParts;

  constructor(parts: MessageLogParts) {
    this.#parts = parts;
  }

  received({ connection, frame, meta, bytes }: InboundMessage): void {
    const { registry, types } = this.#parts;
    const { name, room = roomNameOf(meta.ch ?? "") } = frame as {
      readonly name?: unknown;
      readonly room?: unknown;
    };
    const isKnown =
      CONTROL_TYPES.has(frame.type) ||
      types.fromClient(frame.type) !== undefined ||
      registry.find(frame.type) !== undefined;
    const isRequest = typeof name === "string" && types.request(name) !== undefined;
    const subject = textsOf({
      type: isKnown ? frame.type : "unknown",
      name: isRequest ? name : undefined,
      room: normalizeRoomName(room),
    });
    this.#parts.logger.info(
      { event: "message", ...subject, bytes, ...senderOf(connection) },
      "message received",
    );
  }

  refused(connection: Connection, { code, message }: HalyardError): void {
    const refusal = textsOf({ code, error: message });
    this.#parts.logger.info({ event: "refused", ...refusal, ...senderOf(connection) }, "message refused");
  }
}

function senderOf({ id: connectionId, userId }: Connection): object {
  return { ...textsOf({ userId }), connectionId };
}

/** Cuts texts of a client, and leaves out values that are not texts. */
function textsOf(fields: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, printable(value, MAX_TEXT_LENGTH)] as const] : [],
  );
  return Object.fromEntries(texts);
}

/** Warns once for each name of the contract. */
export class MissingHandlerHints {
  readonly #logger: Pick<Logger, "warn">;
  readonly #warned = new Set<string>();

  constructor(logger: Pick<Logger, "warn">) {
    this.#logger = logger;
  }

  /** @param line the line to write. @param name a message or a request of the contract */
  warn(line: string, name: string): void {
    if (this.#warned.has(line)) return;
    this.#warned.add(line);
    this.#logger.warn(
      { event: "no_handler" },
      `${name} is in the contract, and was refused because it has no handler: write ${line}`,
    );
  }
}
