/** The WebSocket subprotocol of this wire format. A client offers it first; the server selects it and no other. */
export const SUBPROTOCOL = "halyard.v1";

/** The prefix of a subprotocol offer that carries a single-use ticket in base64url. A ticket is never in a URL. */
export const TICKET_PREFIX = "halyard.ticket.";
