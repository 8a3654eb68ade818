// Written from PROTOCOL.md alone: nothing here comes from a Halyard package.

export interface Meta {
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

/** What `welcome.channels` says about one channel. */
export interface Channel extends Position {
  readonly recovered: boolean | string;
}

/** A type, or an object whose fields a frame must have, at any depth, or a test of one's own. */
export type Pattern = string | Readonly<Record<string, unknown>> | ((frame: Frame) => boolean);

export function matches(value: unknown, pattern: unknown): boolean {
  if (typeof pattern !== "object" || pattern === null) return Object.is(value, pattern);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(pattern).every(([key, wanted]) => matches(Reflect.get(value, key), wanted));
}

export function fits(frame: Frame, pattern: Pattern): boolean {
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

/** The ids in a `user_list` or `user_joined`. */
export function userIdsOf(frame: Frame): string[] {
  return (frame["users"] as readonly { readonly userId: string }[]).map(({ userId }) => userId);
}

/** A `user_joined` of this user. */
export function joined(userId: string): (frame: Frame) => boolean {
  return (frame) => frame.type === "user_joined" && userIdsOf(frame).includes(userId);
}

/** A `user_left` of this user. */
export function left(userId: string): (frame: Frame) => boolean {
  return (frame) => frame.type === "user_left" && (frame["userIds"] as readonly string[]).includes(userId);
}
