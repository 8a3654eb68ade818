import type { IncomingMessage } from "node:http";

/** Whether a request asks for an upgrade to a WebSocket and nothing else (RFC 6455, section 4.2.1). */
export function isWebSocketUpgrade({ method, httpVersionMinor, headers }: IncomingMessage): boolean {
  return method === "GET" && httpVersionMinor >= 1 && headers.upgrade?.toLowerCase() === "websocket";
}

/** Whether a request offers another version of HTTP, or TLS; a server may ignore the offer. */
export function isHttpUpgrade({ headers: { upgrade = "" } }: IncomingMessage): boolean {
  return /^\s*(h2c?|http\/|tls\/)/i.test(upgrade);
}
