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
  const { seq, id, ch, re } = value as { readonly [field in keyof FrameMeta]?: unknown };
  if (seq !== undefined && !(Number.isSafeInteger(seq) && (seq as number) >= 1)) return undefined;
  if (id !== undefined && !isText(id, 64)) return undefined;
  if (ch !== undefined && !isText(ch, 200)) return undefined;
  if (re !== undefined && re !== "" && !Number.isSafeInteger(re) && !isText(re, 64)) return undefined;
  return {
    ...(seq === undefined ? NONE : { seq: seq as number }),
    ...(id === undefined ? NONE : { id: id as string }),
    ...(ch === undefined ? NONE : { ch: ch as string }),
    ...(re === undefined ? NONE : { re: re as string | number }),
  };
}

function isText(value: unknown, length: number): boolean {
  return typeof value === "string" && value.length >= 1 && value.length <= length;
}
