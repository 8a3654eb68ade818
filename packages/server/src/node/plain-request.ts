import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { UpgradeRejection } from "../handshake/upgrade-rejection.ts";

/** A request over HTTP/1 or HTTP/2. */
export type PlainRequest = IncomingMessage | Http2ServerRequest;

/** The response to a {@link PlainRequest}. */
export type PlainResponse = ServerResponse | Http2ServerResponse;

/** Writes an answer without a body. */
export function respond(response: PlainResponse, { status, headers }: UpgradeRejection): void {
  response.statusCode = status;
  const isHttp2 = "stream" in response;
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 has no upgrades, and Node throws on the header.
    if (!isHttp2 || name !== "upgrade") response.setHeader(name, value);
  }
  response.end();
}

/** Ends a request without an answer. */
export function abort(response: PlainResponse): void {
  if ("stream" in response) response.stream.destroy();
  else response.destroy();
}
