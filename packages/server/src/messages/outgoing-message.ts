import type { Validation } from "@halyard/protocol";
import { publicUser, validate } from "@halyard/protocol";
import { describeIssues } from "../utils/errors.ts";
import type { MessageTypes } from "./message-types.ts";
import { newMessageId } from "../utils/new-message-id.ts";

/** A message of the server, ready to be published. */
export interface OutgoingMessageText {
  readonly type: string;
  readonly id: string;
  readonly json: string;
  readonly ephemeral: boolean;
  /** Stored once under this key. The author is part of it: an id alone could be taken by somebody else. */
  readonly idempotencyKey?: string | undefined;
}

export interface OutgoingOptions {
  readonly types: MessageTypes;
  readonly now: () => number;
}

/**
 * Checks what the application wants to send and completes it. The parse is a matter of safety, not of types: a row with
 * a password hash type-checks, and only the schema strips it.
 *
 * @throws TypeError when the message is not one that a server may send
 */
export function prepareOutgoing(
  message: object | string,
  options: OutgoingOptions,
): OutgoingMessageText | Promise<OutgoingMessageText> {
  const value = typeof message === "string" ? parse(message) : message;
  const { type, $: _, ...fields } = value as { type?: unknown; $?: unknown } & Record<string, unknown>;
  const known = typeof type === "string" ? options.types.fromServer(type) : undefined;
  if (known === undefined || typeof type !== "string") {
    throw new TypeError(`no message type that a server may send: ${String(type).slice(0, 80)}`);
  }
  const isOwn = type === "chat_message" || type === "announcement";
  const id = isOwn && typeof fields["id"] === "string" ? fields["id"] : newMessageId();
  const finish = (result: Validation): OutgoingMessageText => {
    if (!result.ok) throw new TypeError(`${type} is not valid: ${describeIssues(result.issues)}`);
    const checked = result.value as Record<string, unknown>;
    const written =
      known.policy.relay === undefined ? ownFields(type, checked, { id, at: options.now() }) : fromOf(fields);
    const complete = { type, ...checked, ...written };
    const json = JSON.stringify(complete);
    return { type, id, json, ephemeral: known.ephemeral, idempotencyKey: keyOf(complete) };
  };
  const result = validate(known.schema, fields);
  return result instanceof Promise ? result.then(finish) : finish(result);
}

/** What Halyard itself writes into the built-in types, and into a relayed message. */
function ownFields(
  type: string,
  checked: Record<string, unknown>,
  written: { id: string; at: number },
): object {
  const sentAt = new Date(written.at).toISOString();
  if (type === "announcement") return { id: written.id, sentAt };
  if (type === "chat_message") {
    const from = checked["from"] ?? { userId: "server", name: "Server", connectedAt: sentAt };
    return { id: written.id, from, sentAt };
  }
  return {};
}

/** The author of a relayed message, which its schema does not know: a public user and nothing more. */
function fromOf(fields: Record<string, unknown>): object {
  if (fields["from"] === undefined) return {};
  const from = publicUser.safeParse(fields["from"]);
  if (!from.success) throw new TypeError("from is not a user as others may see them");
  return { from: from.data };
}

/** A chat message keeps its id through every repetition of its handler. */
function keyOf(message: {
  readonly type: string;
  readonly id?: unknown;
  readonly from?: unknown;
}): string | undefined {
  const { type, id, from } = message;
  const isAuthored = typeof from === "object" && from !== null && "userId" in from;
  return type === "chat_message" && isAuthored ? `${String(id)}\0${String(from.userId)}` : undefined;
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
