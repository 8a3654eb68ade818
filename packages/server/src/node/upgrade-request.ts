import type { Server } from "node:net";
import { targetOf } from "../attach/request-path.ts";
import type { IncomingRequest } from "../security/client-address.ts";
import type { PlainRequest } from "./plain-request.ts";

/** Creates `Headers` only when they are first read: most checks read one header by name, and many read none. */
export function toUpgradeRequest(request: PlainRequest): IncomingRequest {
  let headers: Headers | undefined;
  return {
    url: targetOf(request.url ?? "/"),
    raw: request,
    get headers() {
      return (headers ??= toHeaders(request.rawHeaders));
    },
    get remoteAddress() {
      return request.socket.remoteAddress;
    },
    get isOnUnixSocket() {
      // The sockets of a server have a reference to it, which the types omit.
      const { server } = request.socket as { readonly server?: Pick<Server, "address"> };
      return typeof server?.address() === "string";
    },
  };
}

/** Leaves out the pseudo-headers of HTTP/2, except that `:authority` becomes the `Host` header of HTTP/1. */
function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) {
    const [name = "", value = ""] = [raw[index], raw[index + 1]];
    if (!name.startsWith(":")) headers.append(name, value);
    else if (name === ":authority") headers.set("host", value);
  }
  return headers;
}
