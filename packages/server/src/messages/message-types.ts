import type {
  AnyProtocol,
  MessageDefinition,
  MessagePolicy,
  RequestDefinition,
  Schema,
} from "@halyard/protocol";
import { chatFields, outgoingMessages, serverMessages, typingFields } from "@halyard/protocol";
import { roleOf } from "./role.ts";

export interface MessageType {
  readonly schema: Schema;
  readonly ephemeral: boolean;
  readonly policy: MessagePolicy;
}

const without = { type: true, $: true } as const;

/** The built-in ephemeral messages that an application may send by hand. */
const EPHEMERAL = {
  typing_indicator: serverMessages.typing_indicator.omit(without),
  user_list: serverMessages.user_list.omit(without),
  user_joined: serverMessages.user_joined.omit(without),
  user_left: serverMessages.user_left.omit(without),
  pong: serverMessages.pong.omit(without),
  error: serverMessages.error.omit(without),
};

/** Every message type and request that this system knows, built-in and the application's, looked up by name. */
export class MessageTypes {
  readonly #client = new Map<string, MessageType>();
  readonly #server = new Map<string, MessageType>();
  readonly #requests = new Map<string, RequestDefinition>();
  readonly #serverRequests = new Map<string, RequestDefinition>();
  /** The client types that carry no `seq`. */
  readonly ephemeral: readonly string[];

  constructor(protocol: AnyProtocol | undefined) {
    this.#client.set("chat_message", { schema: chatFields, ephemeral: false, policy: {} });
    this.#client.set("typing_indicator", { schema: typingFields, ephemeral: true, policy: {} });
    this.#server.set("chat_message", { schema: outgoingMessages.chat_message, ephemeral: false, policy: {} });
    this.#server.set("announcement", { schema: outgoingMessages.announcement, ephemeral: false, policy: {} });
    for (const [type, schema] of Object.entries(EPHEMERAL))
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

function toType({ schema, ephemeral, policy }: MessageDefinition): MessageType {
  return { schema, ephemeral, policy };
}

/** Whether a user may use a type or request that asks for a role. */
export function mayUse(policy: Pick<MessagePolicy, "requires">, user: object): boolean {
  return policy.requires === undefined || roleOf(user).includes(policy.requires.role);
}
