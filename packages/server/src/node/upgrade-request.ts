import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";
import type { IncomingRequest } from "../security/client-address.ts";

/** The headers are made when they are first read: most checks read one header by name, and many read none. */
export function toUpgradeRequest(request: IncomingMessage): IncomingRequest {
  let headers: Headers | undefined;
  return {
    url: request.url ?? "/",
    get headers() {
      return (headers ??= toHeaders(request.rawHeaders));
    },
    get remoteAddress() {
      return request.socket.remoteAddress;
    },
    get isOnUnixSocket() {
      // A server's sockets name it; the types do not say so.
      const { server } = request.socket as { readonly server?: Pick<Server, "address"> };
      return typeof server?.address() === "string";
    },
  };
}

function toHeaders(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) headers.append(raw[index] ?? "", raw[index + 1] ?? "");
  return headers;
}
