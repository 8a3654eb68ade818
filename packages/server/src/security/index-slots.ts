// Bounds the memory of objects whose keys are small integers, in a JSON text that is not parsed yet.
// Called by Inbound before it parses a frame with many objects.
// Why: for the key "999" the engine of Bun allocates 1,000 slots of 8 bytes, so that a text of 64 KB takes 55 MB, and 35 ms to parse. Keys
// from 1,000 on take one slot each, and on Node all keys do.
import { endOfString, NOWHERE, skipSpace } from "./unparsed-frame.ts";

/**
 * How many slots the objects of one frame may have together. They take 1.6 MB on Bun. Other small objects that fit into
 * 64 KiB take up to 1.8 MB on both runtimes, 28 times their text.
 */
const MAX_SLOTS = 200_000;
/** This many objects have at most 200,000 slots, so that their frame needs no count. */
const FEW_OBJECTS = 200;
/** The longest key of three characters, all of them escaped. */
const LONGEST_KEY = 18;
const SMALL_INTEGER = /^(?:0|[1-9]\d{0,2})$/;

/**
 * Whether the small integers among the keys, the largest of each object, add up to more than a frame may have.
 *
 * @param brackets the number of `{` and `[` in the text
 */
export function hasTooManySlots(text: string, brackets: number): boolean {
  if (brackets <= FEW_OBJECTS) return false;
  /** The slots of the objects and arrays around the current place. */
  const open: number[] = [];
  let total = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    // `{` and `[`, `}` and `]` differ in one bit.
    if ((char | 0x20) === 0x7b) open.push(0);
    else if ((char | 0x20) === 0x7d) open.pop();
    else if (char === 0x22) {
      const end = endOfString(text, at);
      if (end === NOWHERE) return false;
      const slots = slotsOf(text, at + 1, end - 1);
      const known = open.at(-1) ?? 0;
      if (slots > known && text.charCodeAt(skipSpace(text, end)) === 0x3a) {
        total += slots - known;
        if (total > MAX_SLOTS) return true;
        open[open.length - 1] = slots;
      }
      at = end - 1;
    }
  }
  return false;
}

/** How many slots an object gets for a key; 0 if it is no small integer. */
function slotsOf(text: string, start: number, end: number): number {
  if (end - start > LONGEST_KEY) return 0;
  const raw = text.slice(start, end);
  const key = raw.replace(/\\u003(\d)/g, "$1");
  return SMALL_INTEGER.test(key) ? Number(key) + 1 : 0;
}
