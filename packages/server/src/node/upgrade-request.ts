import type { IncomingMessage } from "node:http";
import type { UpgradeRequest } from "../types.ts";

/** The headers are made when they are first read: most checks read one header by name, and many read none. */
export function toUpgradeRequest(request: IncomingMessage): UpgradeRequest {
  let headers: Headers | undefined;
  return {
    url: request.url ?? "/",
    get headers() {
      return (headers ??= toHeaders(request.rawHeaders));
    },
    get remoteAddress() {
      return request.socket.remoteAddress;
    },
  };
}

function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) headers.append(raw[index] ?? "", raw[index + 1] ?? "");
  return headers;
}
