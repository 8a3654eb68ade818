// Measures texts, and cuts them to a number of bytes.
// Called wherever a close frame or an error message is composed.
// Guarantee: a cut text is never longer than its bound.

const encoder = new TextEncoder();

/** Cuts the reason of a close frame to 123 bytes of UTF-8 (RFC 6455 §5.5), so that a close never fails because of its reason. */
export function truncateCloseReason(reason: string): string {
  const buffer = new Uint8Array(123);
  const { read } = encoder.encodeInto(reason, buffer);
  return reason.slice(0, read);
}

/** Cuts a text to a number of characters and of JSON bytes; one character may take six bytes. */
export function truncateUtf8(text: string, max: { readonly length: number; readonly bytes: number }): string {
  let clipped = text.length <= max.length ? text : `${text.slice(0, max.length - 1)}…`;
  while (jsonBytes(clipped) > max.bytes) clipped = `${clipped.slice(0, Math.floor(clipped.length / 2))}…`;
  return clipped;
}

/** @returns the length of a text, in bytes of UTF-8 */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

/** @returns the length of a value as JSON, in bytes of UTF-8 */
export function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}

/**
 * How many bytes of memory the characters of a text take: engines store a text with one byte per character if all are
 * Latin-1, and otherwise with two. The search ends at the first other character; V8 skips it for a one-byte text.
 */
export function textBytes(text: string): number {
  return NOT_LATIN1.test(text) ? 2 * text.length : text.length;
}

const NOT_LATIN1 = /[\u0100-\uffff]/;
