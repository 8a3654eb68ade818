// The JSON frames of the protocol as the test clients see them, and the patterns that tests match them with.
// Written from PROTOCOL.md alone: nothing here comes from a Halyard package.

interface Meta {
  readonly id?: string;
  readonly ch?: string;
  readonly off?: number;
  readonly re?: number | string;
}

export interface Frame {
  readonly type: string;
  readonly $?: Meta;
  readonly [field: string]: unknown;
}

export interface Position {
  readonly epoch: string;
  readonly off: number;
}

/** One channel in `welcome.channels`. */
export interface Channel extends Position {
  readonly recovered: boolean | string;
}

/** A type, or an object whose fields the frame must have at any depth, or a function that tests the frame. */
export type Pattern = string | Readonly<Record<string, unknown>> | ((frame: Frame) => boolean);

function matches(value: unknown, pattern: unknown): boolean {
  if (typeof pattern !== "object" || pattern === null) return Object.is(value, pattern);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(pattern).every(([key, expected]) => matches(Reflect.get(value, key), expected));
}

export function matchesPattern(frame: Frame, pattern: Pattern): boolean {
  if (typeof pattern === "function") return pattern(frame);
  return typeof pattern === "string" ? frame.type === pattern : matches(frame, pattern);
}

export function channelsOf(welcome: Frame): Readonly<Record<string, Channel>> {
  return welcome["channels"] as Readonly<Record<string, Channel>>;
}

/** The offset of a retained frame. */
export function offsetOf(frame: Frame): number {
  const off = frame.$?.off;
  if (off === undefined) throw new Error(`This frame has no offset: ${JSON.stringify(frame)}`);
  return off;
}

/** The user ids in a `user_list` or `user_joined`. */
export function userIdsOf(frame: Frame): string[] {
  return (frame["users"] as readonly { readonly userId: string }[]).map(({ userId }) => userId);
}

/** Matches a `user_joined` of this user. */
export function joined(userId: string): (frame: Frame) => boolean {
  return (frame) => frame.type === "user_joined" && userIdsOf(frame).includes(userId);
}

/** Matches a `user_left` of this user. */
export function left(userId: string): (frame: Frame) => boolean {
  return (frame) => frame.type === "user_left" && (frame["userIds"] as readonly string[]).includes(userId);
}

/** Matches a `user_list` or a `user_joined` with this user. */
export function shows(userId: string): (frame: Frame) => boolean {
  return (frame) => ["user_list", "user_joined"].includes(frame.type) && userIdsOf(frame).includes(userId);
}
