import { isPromise } from "@halyard/protocol/internal";
import type { PublicUser, Validation } from "@halyard/protocol";
import { publicUser, validate } from "@halyard/protocol";
import { APPLICATION_KEY } from "../backplane-history.ts";
import { boundedAuthor } from "../connection/public-profile.ts";
import { wireJson } from "../delivery/wire-json.ts";
import { describeIssues } from "../utils/errors.ts";
import type { MessageTypeRegistry } from "./message-types.ts";
import { newMessageId } from "../utils/ids.ts";
import { hashOf } from "../utils/text-digest.ts";

/** A message that is ready to be published. */
export interface EncodedMessage {
  readonly type: string;
  readonly id: string;
  readonly json: string;
  readonly ephemeral: boolean;
  /**
   * The channel stores one message per key. The author is part of the key, so that another user cannot occupy an id. A key of the
   * application begins with NUL.
   */
  readonly idempotencyKey?: string | undefined;
  /** The user who wrote the message. @default the server */
  readonly author?: string | undefined;
}

/** A publish with a key, which is repeated when its outcome is unknown. */
export interface RepeatablePublish {
  readonly channel: string;
  readonly key: string;
}

/** The dependencies of {@link encodeOutgoing}. */
interface OutgoingOptions {
  readonly types: MessageTypeRegistry;
  readonly now: () => number;
  /** @default every call publishes a new message */
  readonly repeatable?: RepeatablePublish | undefined;
}

/**
 * Validates and completes a message of the application. Running the schema is a safety measure: a database row with a password hash
 * passes the type checker, but the schema strips the hash.
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
  const id = isBuiltin && typeof fields["id"] === "string" ? fields["id"] : newId(options.repeatable);
  const toEncoded = (result: Validation): EncodedMessage => {
    if (!result.ok)
      throw new TypeError(`${type} is not valid: ${describeIssues(result.issues)}`, {
        cause: result.failure?.error,
      });
    const parsed = result.value as Record<string, unknown>;
    const given =
      known.policy.relay === undefined
        ? builtinFields(type, parsed, { id, at: options.now() })
        : authorOf(fields);
    const complete = { type, ...parsed, ...given };
    const json = wireJson(complete);
    const hasAuthor = known.policy.relay !== undefined || type === "chat_message";
    const author = hasAuthor ? authorIdOf(known.policy.relay === undefined ? parsed : given) : undefined;
    const { repeatable } = options;
    const idempotencyKey =
      repeatable === undefined ? idempotencyKeyOf(complete) : `${APPLICATION_KEY}${repeatable.key}`;
    return { type, id, json, ephemeral: known.ephemeral, idempotencyKey, author };
  };
  const result = validate(known.schema, fields);
  return isPromise(result) ? result.then(toEncoded) : toEncoded(result);
}

/** A new message id. With a key, it is the same for each attempt, so that each gets the same answer. */
function newId(repeatable: RepeatablePublish | undefined): string {
  if (repeatable === undefined) return newMessageId();
  const text = `${repeatable.channel}\0${repeatable.key}`;
  return [hashOf(text), hashOf(`\0${text}`)].map((hash) => hash.toString(36)).join("-");
}

/** The fields that the server itself sets in messages of the built-in types. */
function builtinFields(
  type: string,
  parsed: Record<string, unknown>,
  given: { id: string; at: number },
): object {
  const sentAt = new Date(given.at).toISOString();
  if (type === "announcement") return { id: given.id, sentAt };
  if (type === "chat_message") {
    const author = parsed["from"] as PublicUser | undefined;
    const from =
      author === undefined
        ? { userId: "server", name: "Server", connectedAt: sentAt }
        : boundedAuthor(author);
    return { id: given.id, from, sentAt };
  }
  return {};
}

/** The author of a relayed message, reduced to the public fields of a user, because the schema of the message has no author. */
function authorOf(fields: Record<string, unknown>): object {
  if (fields["from"] === undefined) return {};
  const from = publicUser.safeParse(fields["from"]);
  if (!from.success) throw new TypeError("from is not a user as others may see them");
  return { from: boundedAuthor(from.data) };
}

/** The idempotency key. Only a chat message has one, because it keeps its id when its handler runs again. */
function idempotencyKeyOf(message: {
  readonly type: string;
  readonly id?: unknown;
  readonly from?: unknown;
}): string | undefined {
  const author = message.type === "chat_message" ? authorIdOf(message) : undefined;
  return author === undefined ? undefined : `${String(message.id)}\0${author}`;
}

function authorIdOf({ from }: { readonly from?: unknown }): string | undefined {
  return typeof from === "object" && from !== null && "userId" in from ? String(from.userId) : undefined;
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
