import type { Validation } from "@halyard/protocol";
import { publicUser, validate } from "@halyard/protocol";
import { describeIssues } from "../utils/errors.ts";
import type { MessageTypeRegistry } from "./message-types.ts";
import { newMessageId } from "../utils/new-message-id.ts";

/** A message of the server, ready to be published. */
export interface EncodedMessage {
  readonly type: string;
  readonly id: string;
  readonly json: string;
  readonly ephemeral: boolean;
  /** Stored once under this key. The author is part of it: an id alone could be taken by somebody else. */
  readonly idempotencyKey?: string | undefined;
}

export interface OutgoingOptions {
  readonly types: MessageTypeRegistry;
  readonly now: () => number;
}

/**
 * Checks what the application wants to send and completes it. The parse is a matter of safety, not of types: a row with
 * a password hash type-checks, and only the schema strips it.
 *
 * @throws TypeError when the message is not one that a server may send
 */
export function encodeOutgoing(
  message: object | string,
  options: OutgoingOptions,
): EncodedMessage | Promise<EncodedMessage> {
  const value = typeof message === "string" ? parse(message) : message;
  const { type, $: _, ...fields } = value as { type?: unknown; $?: unknown } & Record<string, unknown>;
  const known = typeof type === "string" ? options.types.fromServer(type) : undefined;
  if (known === undefined || typeof type !== "string") {
    throw new TypeError(`no message type that a server may send: ${String(type).slice(0, 80)}`);
  }
  const isBuiltin = type === "chat_message" || type === "announcement";
  const id = isBuiltin && typeof fields["id"] === "string" ? fields["id"] : newMessageId();
  const toEncoded = (result: Validation): EncodedMessage => {
    if (!result.ok) throw new TypeError(`${type} is not valid: ${describeIssues(result.issues)}`);
    const parsed = result.value as Record<string, unknown>;
    const given =
      known.policy.relay === undefined
        ? builtinFields(type, parsed, { id, at: options.now() })
        : authorOf(fields);
    const complete = { type, ...parsed, ...given };
    const json = JSON.stringify(complete);
    return { type, id, json, ephemeral: known.ephemeral, idempotencyKey: idempotencyKeyOf(complete) };
  };
  const result = validate(known.schema, fields);
  return result instanceof Promise ? result.then(toEncoded) : toEncoded(result);
}

/** What Halyard itself writes into the built-in types, and into a relayed message. */
function builtinFields(
  type: string,
  parsed: Record<string, unknown>,
  given: { id: string; at: number },
): object {
  const sentAt = new Date(given.at).toISOString();
  if (type === "announcement") return { id: given.id, sentAt };
  if (type === "chat_message") {
    const from = parsed["from"] ?? { userId: "server", name: "Server", connectedAt: sentAt };
    return { id: given.id, from, sentAt };
  }
  return {};
}

/** The author of a relayed message, which its schema does not know: a public user and nothing more. */
function authorOf(fields: Record<string, unknown>): object {
  if (fields["from"] === undefined) return {};
  const from = publicUser.safeParse(fields["from"]);
  if (!from.success) throw new TypeError("from is not a user as others may see them");
  return { from: from.data };
}

/** A chat message keeps its id through every repetition of its handler. */
function idempotencyKeyOf(message: {
  readonly type: string;
  readonly id?: unknown;
  readonly from?: unknown;
}): string | undefined {
  const { type, id, from } = message;
  const hasAuthor = typeof from === "object" && from !== null && "userId" in from;
  return type === "chat_message" && hasAuthor ? `${String(id)}\0${String(from.userId)}` : undefined;
}

function parse(text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new TypeError("a message given as text must be JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null) throw new TypeError("a message is an object with a type");
  return value;
}
