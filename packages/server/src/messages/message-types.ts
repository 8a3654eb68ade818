import type {
  AnyProtocol,
  MessageDefinition,
  MessagePolicy,
  RequestDefinition,
  RoomRule,
  Schema,
} from "@halyard/protocol";
import { chatFields, outgoingMessages, serverMessages, typingFields } from "@halyard/protocol";

/** A message type, either of the contract or built-in. */
export interface MessageType {
  readonly schema: Schema;
  readonly ephemeral: boolean;
  readonly policy: MessagePolicy;
  /** Whether it can only be sent in rooms. @default "optional" */
  readonly room?: RoomRule;
}

const FRAME_FIELDS = { type: true, $: true } as const;

/** The built-in ephemeral messages that an application may send itself. */
const BUILTIN_EPHEMERAL_TYPES = {
  typing_indicator: serverMessages.typing_indicator.omit(FRAME_FIELDS),
  user_list: serverMessages.user_list.omit(FRAME_FIELDS),
  user_joined: serverMessages.user_joined.omit(FRAME_FIELDS),
  user_left: serverMessages.user_left.omit(FRAME_FIELDS),
  pong: serverMessages.pong.omit(FRAME_FIELDS),
  error: serverMessages.error.omit(FRAME_FIELDS),
};

/** The message types and requests by name, those of the contract and the built-in ones. */
export class MessageTypeRegistry {
  readonly #client = new Map<string, MessageType>();
  readonly #server = new Map<string, MessageType>();
  readonly #requests = new Map<string, RequestDefinition>();
  readonly #serverRequests = new Map<string, RequestDefinition>();
  /** The client message types that have no `seq`. */
  readonly ephemeral: readonly string[];

  constructor(protocol: AnyProtocol | undefined) {
    this.#client.set("chat_message", { schema: chatFields, ephemeral: false, policy: {} });
    this.#client.set("typing_indicator", { schema: typingFields, ephemeral: true, policy: {} });
    this.#server.set("chat_message", { schema: outgoingMessages.chat_message, ephemeral: false, policy: {} });
    this.#server.set("announcement", { schema: outgoingMessages.announcement, ephemeral: false, policy: {} });
    for (const [type, schema] of Object.entries(BUILTIN_EPHEMERAL_TYPES))
      this.#server.set(type, { schema, ephemeral: true, policy: {} });
    for (const [type, definition] of Object.entries(protocol?.clientMessages ?? {})) {
      this.#client.set(type, toType(definition));
      if (definition.relayed) this.#server.set(type, toType(definition));
    }
    for (const [type, definition] of Object.entries(protocol?.serverMessages ?? {})) {
      this.#server.set(type, toType(definition));
    }
    for (const [name, definition] of Object.entries(protocol?.requests ?? {}))
      this.#requests.set(name, definition);
    for (const [name, definition] of Object.entries(protocol?.serverRequests ?? {}))
      this.#serverRequests.set(name, definition);
    this.ephemeral = [...this.#client].filter(([, type]) => type.ephemeral).map(([name]) => name);
  }

  fromClient(type: string): MessageType | undefined {
    return this.#client.get(type);
  }

  fromServer(type: string): MessageType | undefined {
    return this.#server.get(type);
  }

  request(name: string): RequestDefinition | undefined {
    return this.#requests.get(name);
  }

  serverRequest(name: string): RequestDefinition | undefined {
    return this.#serverRequests.get(name);
  }
}

function toType({ schema, ephemeral, policy, room }: MessageDefinition): MessageType {
  return { schema, ephemeral, policy, room };
}

/** Whether the user has one of the roles that a message type or request requires. True if it requires none. */
export function hasRequiredRole({ requires }: Pick<MessagePolicy, "requires">, user: object): boolean {
  if (requires === undefined) return true;
  const { role } = requires;
  const roles = roleOf(user);
  return typeof role === "string" ? roles.includes(role) : role.some((one) => roles.includes(one));
}

/** The roles of a user: `user.role` as a text, split at commas, or as a list. Any other value means no role. */
export function roleOf(user: object): readonly string[] {
  const role = "role" in user ? user.role : undefined;
  if (typeof role === "string") return role.split(",").map((part) => part.trim());
  return Array.isArray(role) ? role.filter((part) => typeof part === "string") : [];
}
