import type { FrameMeta } from "@halyard/protocol/wire";
import { LIMITS } from "@halyard/protocol/wire";

const EMPTY_META: FrameMeta = {};

/**
 * Checks the reserved field `$` of a client's frame. By hand, because nearly every frame has one and a schema would cost as
 * much as the schema of the message.
 *
 * @returns undefined when the field is not valid by PROTOCOL.md
 */
export function readMeta(value: unknown): FrameMeta | undefined {
  if (value === undefined) return EMPTY_META;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { seq, id, ch, off, re } = value as { readonly [field in keyof FrameMeta]?: unknown };
  const meta: { -readonly [field in keyof FrameMeta]: FrameMeta[field] } = {};
  if (seq !== undefined) {
    if (!isOffset(seq) || seq < 1) return undefined;
    meta.seq = seq;
  }
  if (id !== undefined) {
    if (!isIdText(id, 64)) return undefined;
    meta.id = id;
  }
  if (ch !== undefined) {
    if (!isIdText(ch, LIMITS.channelLength)) return undefined;
    meta.ch = IS_COMPOSED.test(ch) ? ch : ch.normalize();
  }
  // Only a server sets offsets: an invalid one is refused like every other field, a valid one is ignored.
  if (off !== undefined && (!isOffset(off) || off < 0)) return undefined;
  if (re !== undefined) {
    if (re !== "" && !isOffset(re) && !isIdText(re, 64)) return undefined;
    meta.re = re;
  }
  return meta;
}

/** Latin-1 has no combining characters: such a text is its own composed form (NFC). */
const IS_COMPOSED = /^[\0-\u00ff]*$/;

/**
 * The number or the id of a frame that is refused before it is read: too large, too deep, without a type, or with another
 * field of `$` that is not valid. Whatever has a readable `seq` is answered with it. Only for the path of errors: it parses
 * the whole text.
 */
export function readAnswerKey(text: string): Pick<FrameMeta, "seq" | "id"> {
  let $: unknown;
  try {
    $ = (JSON.parse(text) as { readonly $?: unknown } | null)?.$;
  } catch {
    return EMPTY_META;
  }
  if (typeof $ !== "object" || $ === null) return EMPTY_META;
  const { seq, id } = $ as { readonly seq?: unknown; readonly id?: unknown };
  if (isOffset(seq) && seq >= 1) return { seq };
  return isIdText(id, 64) ? { id } : EMPTY_META;
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isIdText(value: unknown, length: number): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= length;
}
