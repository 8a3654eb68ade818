/** The code with which ws closes after a protocol violation of the peer; undefined for a network error. */
export function closeCodeOf(error = ""): number | undefined {
  return CLOSE_CODES.get(error) ?? (error.startsWith("WS_ERR_") ? 1002 : undefined);
}

const CLOSE_CODES: ReadonlyMap<string, number> = new Map([
  ["WS_ERR_INVALID_UTF8", 1007],
  ["WS_ERR_TOO_MANY_BUFFERED_PARTS", 1008],
  ["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", 1009],
  ["WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH", 1009],
]);
