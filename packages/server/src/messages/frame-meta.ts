import { TOO_MANY_MARKS } from "@halyard/protocol/internal";
import type { FrameMeta } from "@halyard/protocol/wire";
import { LIMITS } from "@halyard/protocol/wire";
import type { InboundMeta } from "../connection/inbound-message.ts";
import { reservedFieldOf } from "../security/unparsed-frame.ts";

const EMPTY_META: InboundMeta = {};

/** A connection. It has `tabs` if tabs share it; then an `id` may name one of them. */
interface MaybeShared {
  readonly tabs?: object | undefined;
}

/** An id that names a tab: the tab's client id, then the number of its send or the id of its request. */
const OF_A_TAB = /^([\w-]{16,40}):(?:([1-9]\d{0,14})|(.+))$/s;

/**
 * Checks the reserved field `$` of a client's frame. Written by hand, because nearly every frame has one and a schema would cost as
 * much as the schema of the message.
 *
 * @returns undefined if the field is not valid according to PROTOCOL.md
 */
export function readMeta(value: unknown, { tabs }: MaybeShared = {}): InboundMeta | undefined {
  if (value === undefined) return EMPTY_META;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { seq, id, ch, off, re } = value as { readonly [field in keyof FrameMeta]?: unknown };
  const meta: { -readonly [field in keyof InboundMeta]: InboundMeta[field] } = {};
  if (seq !== undefined) {
    if (!isOffset(seq) || seq < 1) return undefined;
    meta.seq = seq;
  }
  if (id !== undefined) {
    if (!isIdText(id, 64)) return undefined;
    meta.id = id;
    if (tabs !== undefined && seq === undefined) Object.assign(meta, tabOf(id));
  }
  if (ch !== undefined) {
    if (!isIdText(ch, LIMITS.channelLength)) return undefined;
    meta.ch = IS_COMPOSED.test(ch) || TOO_MANY_MARKS.test(ch) ? ch : ch.normalize();
  }
  // Only a server sets offsets: an invalid offset is refused like any other invalid field, a valid one is ignored.
  if (off !== undefined && (!isOffset(off) || off < 0)) return undefined;
  if (re !== undefined) {
    if (re !== "" && !isOffset(re) && !isIdText(re, 64)) return undefined;
    meta.re = re;
  }
  return meta;
}

function tabOf(id: string): Pick<InboundMeta, "tab" | "tabKey" | "seq"> | undefined {
  const [, tab, seq, tabKey] = OF_A_TAB.exec(id) ?? [];
  if (tab === undefined) return undefined;
  return tabKey === undefined ? { tab, seq: Number(seq) } : { tab, tabKey };
}

/** The text of a frame as its tab would write it on its own connection, so that a repetition there has the same text. */
export function textOfTab(text: string, { id, seq, tabKey }: InboundMeta): string {
  const shared = `"id":${JSON.stringify(id)}`;
  const at = text.lastIndexOf(shared);
  if (at < 0) return text;
  return (
    text.slice(0, at) + JSON.stringify({ seq, id: tabKey }).slice(1, -1) + text.slice(at + shared.length)
  );
}

/** The `$.re` of the answer to a frame: the number of a send, or an id. */
export function answerKeyOf({ id, seq, tab }: InboundMeta): number | string | undefined {
  return tab === undefined ? (seq ?? id) : id;
}

/** Matches Latin-1 text, which has no combining characters and so is its own composed form (NFC). */
const IS_COMPOSED = /^[\0-\u00ff]*$/;

/** The longest reserved field that is read of a frame that is refused unread, in UTF-16 units. */
const MAX_RESERVED_FIELD = 8_192;

/**
 * Reads the number or the id of a frame that is refused unread: too large, too deep, above a rate, without a type, or with another
 * invalid field in `$`. A frame with a readable `seq` is answered with it.
 */
export function readAnswerKey(text: string, { tabs }: MaybeShared = {}): InboundMeta {
  const field = reservedFieldOf(text);
  if (field === undefined || field.length > MAX_RESERVED_FIELD) return EMPTY_META;
  let $: unknown;
  try {
    $ = JSON.parse(field);
  } catch {
    return EMPTY_META;
  }
  if (typeof $ !== "object" || $ === null) return EMPTY_META;
  const { seq, id } = $ as { readonly seq?: unknown; readonly id?: unknown };
  if (isOffset(seq) && seq >= 1) return { seq };
  if (!isIdText(id, 64)) return EMPTY_META;
  return tabs === undefined ? { id } : { id, ...tabOf(id) };
}

/** The `$.re` of the answer to a frame that was refused unread. */
export function answerKeyIn(text: string, connection: MaybeShared): number | string | undefined {
  return answerKeyOf(readAnswerKey(text, connection));
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isIdText(value: unknown, length: number): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= length;
}
