import type { UpgradeRequest } from "../types.ts";
import type { PlainRequest } from "./plain-request.ts";

/** The headers are made when they are first read: most checks read one header by name, and many read none. */
export function toUpgradeRequest(request: PlainRequest): UpgradeRequest {
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

/** A pseudo-header of HTTP/2 is no header. The one for the host has a name in HTTP/1, which is read here. */
function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) {
    const [name = "", value = ""] = [raw[index], raw[index + 1]];
    if (!name.startsWith(":")) headers.append(name, value);
    else if (name === ":authority") headers.set("host", value);
  }
  return headers;
}
