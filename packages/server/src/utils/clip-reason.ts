/** A close frame has room for 123 bytes of reason. A longer one is cut: a ban must not fail for its words. */
export function clipReason(reason: string): string {
  const fitting = new Uint8Array(123);
  const { read } = new TextEncoder().encodeInto(reason, fitting);
  return reason.slice(0, read);
}
