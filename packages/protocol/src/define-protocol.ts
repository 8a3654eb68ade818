// Builds a contract from messages and requests, and rejects a wrong one: first by its types, then by a TypeError at start.
// Called once per application, in the module that holds its contract.
// Guarantee: client and server infer their types from the result; its objects contain only schemas and policies.
import { z } from "zod";
import { BUILTIN_TYPES, RESERVED_PREFIX } from "./builtins.ts";
import type {
  ClientCheck,
  ErrorCheck,
  FieldCheck,
  InputSchemaOf,
  MessageOf,
  PolicyCheck,
  PresenceOf,
  RequestCheck,
  RequestOf,
  RequestOptions,
  ServerCheck,
  ServerRequestCheck,
  StateCheck,
} from "./contract-checks.ts";
import type {
  AnyProtocol,
  AnyResult,
  ErrorMap,
  MessageDefinition,
  MessageMap,
  MessagePolicy,
  Presence,
  Protocol,
  RequestDefinition,
  RequestMap,
  RequestPolicy,
  Schema,
} from "./definition.ts";
import { ERROR_CODES } from "./errors.ts";

/**
 * Defines a message: an object schema for its fields, without `type`, and how it travels.
 *
 * @throws TypeError if the schema has a field `type` or `$` (the types report it first), and for a schema that is not of zod 4
 * @example
 * message(z.object({ x: z.number(), y: z.number() }), { ephemeral: true, relay: "room" })
 */
export function message<
  TInput extends object,
  TOutput extends object,
  const TPolicy extends MessagePolicy = {},
>(
  schema: Schema<TInput, TOutput> & FieldCheck<TInput>,
  policy?: TPolicy & PolicyCheck<TPolicy>,
): MessageOf<TInput, TOutput, TPolicy>;
export function message(schema: Schema<object, object>, policy: MessagePolicy = {}): MessageDefinition {
  assertSchema(schema);
  const fields =
    (schema as { readonly _zod: { readonly def?: { readonly shape?: object } } })._zod.def?.shape ?? {};
  for (const field of ["type", "$"]) {
    if (Object.hasOwn(fields, field))
      throw new TypeError(`Halyard writes the field ${field} itself: choose another name`);
  }
  const { ephemeral = false, relay, requires } = policy;
  const room = policy.room ?? (relay === "room" ? "required" : "optional");
  // Without a result there is no schema; its type is then `NoResult`.
  const result = policy.result as AnyResult;
  return {
    role: roleOf(requires),
    schema,
    ephemeral: ephemeral !== false,
    relayed: relay !== undefined,
    policy,
    room,
    result,
  };
}

/**
 * Defines a request: a schema for its input and a schema for its reply. The server checks both. The reply that is sent is
 * the output of its schema. Without `input`, the request has no input: `client.request("time")`.
 *
 * @throws TypeError for a schema that is not of zod 4
 * @example
 * request({ input: z.object({ room: z.string() }), output: z.array(Chat) })
 */
export function request<const TOptions extends RequestOptions>(
  definition: TOptions,
): RequestOf<InputSchemaOf<TOptions>, TOptions["output"], TOptions>;
export function request({ input, output, ...policy }: RequestOptions): RequestDefinition {
  if (input !== undefined) assertSchema(input);
  assertSchema(output);
  const { requires, room = "optional" } = policy;
  return { input: input ?? NO_INPUT, output, policy, room, role: roleOf(requires) };
}

const NO_INPUT: Schema = z.void();

/** The role as the types of definitions name it. */
function roleOf(requires: MessagePolicy["requires"]): string | undefined {
  return requires?.role as string | undefined;
}

/**
 * Combines the messages and requests of an application into one contract, for client and server.
 *
 * @throws TypeError if a name is one of Halyard's own (the types report it first), if a policy has an invalid value or
 * has no meaning in its place, and for a policy on a server request, because the server itself chooses which client it asks, and
 * nothing is stored
 * @example
 * export const protocol = defineProtocol({
 *   clientMessages: { poll_vote: message(z.object({ pollId: z.string(), option: z.int() })) },
 * });
 */
export function defineProtocol<
  TClient extends MessageMap = {},
  TServer extends MessageMap = {},
  TRequests extends RequestMap = {},
  TServerRequests extends RequestMap = {},
  TErrors extends ErrorMap = {},
  TStateInput = unknown,
  TState = unknown,
>(definition: {
  readonly clientMessages?: TClient & ClientCheck<TClient>;
  readonly serverMessages?: TServer & ServerCheck<TServer>;
  readonly requests?: TRequests & RequestCheck<TRequests>;
  readonly serverRequests?: TServerRequests & ServerRequestCheck<TServerRequests>;
  /** The application's errors: for each code, the schema of its data, which is at most 512 bytes as JSON. @default none */
  readonly errors?: { readonly [K in keyof TErrors]: Schema<unknown, TErrors[K]> } & ErrorCheck<
    NoInfer<TErrors>
  >;
  /**
   * `state`: an object schema for what users show each other while they are in a room; at most `limits.presenceStateBytes` as JSON.
   * If a user has several devices in the room, the latest state counts.
   * @default none
   */
  readonly presence?: { readonly state: Schema<TStateInput, TState> & StateCheck<TStateInput, TState> };
}): Protocol<TClient, TServer, TRequests, TServerRequests, TErrors, PresenceOf<TStateInput, TState>>;
export function defineProtocol(definition: AnyDefinition): Protocol {
  const {
    clientMessages = {},
    serverMessages = {},
    requests = {},
    serverRequests = {},
    errors = {},
  } = definition;
  for (const code of Object.keys(errors)) assertErrorCode(code);
  const builtin = new Set<string>(BUILTIN_TYPES);
  for (const type of [...Object.keys(clientMessages), ...Object.keys(serverMessages)]) {
    if (builtin.has(type) || type.startsWith(RESERVED_PREFIX))
      throw new TypeError(`${type} is a message type of Halyard's own: choose another name`);
  }
  // The same name may be in several of the four maps.
  const ofClients = Object.entries(clientMessages);
  for (const [type, { schema, policy }] of [...Object.entries(serverMessages), ...ofClients]) {
    assertSchema(schema);
    assertEphemeral(type, policy.ephemeral);
  }
  for (const { input } of [...Object.values(requests), ...Object.values(serverRequests)]) assertSchema(input);
  for (const schema of Object.values(errors)) assertSchema(schema);
  for (const [name, { policy }] of [...Object.entries(requests), ...ofClients])
    assertClientRules(name, policy);
  for (const [type, { policy }] of ofClients) {
    assertRelay(type, policy.relay);
    assertResult(type, policy);
  }
  for (const [type, { policy }] of Object.entries(serverMessages)) assertNoClientRule(type, policy);
  for (const name of [...Object.keys(requests), ...Object.keys(serverRequests)]) {
    if (name.startsWith(RESERVED_PREFIX) || (name === "users" && Object.hasOwn(requests, name)))
      throw new TypeError(`${name} is a request of Halyard's own: choose another name`);
  }
  for (const [name, { policy }] of Object.entries(serverRequests)) {
    const option = Object.keys(policy)[0];
    if (option !== undefined)
      throw new TypeError(`${name}: ${option} is for what clients ask, and the server asks this`);
  }
  if (definition.presence !== undefined) assertSchema(definition.presence.state);
  // Without presence there is no schema; its type is then `NoPresence`.
  const presence = definition.presence as Presence;
  return { clientMessages, serverMessages, requests, serverRequests, errors, presence };
}

/** The parameter of the overload, without its types. */
interface AnyDefinition extends Partial<Omit<AnyProtocol, "presence">> {
  readonly presence?: { readonly state: Schema };
}

function assertSchema(schema: unknown): void {
  if (Object(schema) === schema && "_zod" in (schema as object)) return;
  throw new TypeError(
    'Halyard takes schemas of zod 4, and this is none: npm install zod@4, and import { z } from "zod"',
  );
}

const MAX_EVERY_MS = 10_000;
const EPHEMERAL_RULE = `true, false, or { everyMs: a number from 0 to ${String(MAX_EVERY_MS)}, keep: "latest" or "all" }`;

function assertEphemeral(type: string, ephemeral: unknown = false): void {
  if (typeof ephemeral === "boolean") return;
  const { everyMs = 0, keep = "latest" } = (ephemeral ?? {}) as Record<string, unknown>;
  const isInterval = typeof everyMs === "number" && everyMs >= 0 && everyMs <= MAX_EVERY_MS;
  if (
    typeof ephemeral === "object" &&
    ephemeral !== null &&
    isInterval &&
    (keep === "latest" || keep === "all")
  )
    return;
  throw new TypeError(`${type}: ephemeral is ${EPHEMERAL_RULE}`);
}

/** Rejects rules that only apply to messages of clients. */
function assertNoClientRule(type: string, policy: MessagePolicy): void {
  const rule = (["room", "result", "relay", "requires"] as const).find((name) => policy[name] !== undefined);
  if (rule !== undefined) throw new TypeError(`${type}: ${rule} is a rule for what clients send`);
}

function assertClientRules(name: string, { requires, room }: MessagePolicy | RequestPolicy): void {
  if (![undefined, "required"].includes(room)) throw new TypeError(`${name}: room is "required" or left out`);
  const roles = requires === undefined ? [""] : [requires.role].flat();
  if (roles.length === 0 || roles.some((role: unknown) => typeof role !== "string"))
    throw new TypeError(`${name}: requires is { role }, with a role or a list of them`);
}

/** Any other value would be relayed, to everyone and without the check of what is for everyone. */
function assertRelay(type: string, relay: MessagePolicy["relay"]): void {
  if (![undefined, "room", "all"].includes(relay))
    throw new TypeError(`${type}: relay is "room" or "all", or left out`);
}

function assertResult(type: string, { ephemeral = false, relay, result }: MessagePolicy): void {
  if (result === undefined) return;
  if (ephemeral !== false)
    throw new TypeError(`${type}: an ephemeral message has no receipt that could carry a result`);
  if (relay !== undefined)
    throw new TypeError(`${type}: a relayed message has no handler that could return a result`);
}

function assertErrorCode(code: string): void {
  if (Object.hasOwn(ERROR_CODES, code) || code.startsWith(RESERVED_PREFIX))
    throw new TypeError(`${code} is an error code of Halyard's own: choose another name`);
  if (!APPLICATION_ERROR_CODE.test(code))
    throw new TypeError(`${code}: an error code has 1 to 64 letters, digits and underscores`);
}

const APPLICATION_ERROR_CODE = /^\w{1,64}$/;
