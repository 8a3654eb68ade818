/** Cuts the reason of a close frame to 123 bytes of UTF-8 (RFC 6455 §5.5), so that closing never fails for its reason. */
export function truncateCloseReason(reason: string): string {
  const buffer = new Uint8Array(123);
  const { read } = new TextEncoder().encodeInto(reason, buffer);
  return reason.slice(0, read);
}
