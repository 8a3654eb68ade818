/** A close frame has room for 123 bytes of reason. A longer one is cut: a ban must not fail for its words. */
export function truncateCloseReason(reason: string): string {
  const buffer = new Uint8Array(123);
  const { read } = new TextEncoder().encodeInto(reason, buffer);
  return reason.slice(0, read);
}
