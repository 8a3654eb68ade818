/** The WebSocket subprotocol of this wire format: a client offers it first, the server answers with it and nothing else. */
export const SUBPROTOCOL = "halyard.v1";

/** A single-use ticket travels as one more subprotocol offer: this prefix, then base64url. Never in a URL. */
export const TICKET_PREFIX = "halyard.ticket.";
