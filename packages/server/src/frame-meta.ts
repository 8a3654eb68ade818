import type { FrameMeta } from "@halyard/protocol/wire";

const NONE: FrameMeta = {};

/**
 * Checks a client's `$` by hand: it is there on every frame, and a schema would cost as much as the message's own.
 *
 * @returns undefined when it is not what PROTOCOL.md says
 */
export function readMeta(value: unknown): FrameMeta | undefined {
  if (value === undefined) return NONE;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { seq, id, ch } = value as { readonly seq?: unknown; readonly id?: unknown; readonly ch?: unknown };
  if (seq !== undefined && !(Number.isSafeInteger(seq) && (seq as number) >= 1)) return undefined;
  if (id !== undefined && !isText(id, 64)) return undefined;
  if (ch !== undefined && !isText(ch, 200)) return undefined;
  return {
    ...(seq === undefined ? NONE : { seq: seq as number }),
    ...(id === undefined ? NONE : { id: id as string }),
    ...(ch === undefined ? NONE : { ch: ch as string }),
  };
}

function isText(value: unknown, length: number): boolean {
  return typeof value === "string" && value.length >= 1 && value.length <= length;
}
