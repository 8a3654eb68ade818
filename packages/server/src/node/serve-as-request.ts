import * as http from "node:http";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Http1Server } from "./http-server.ts";

/** An `upgrade` event. */
export interface UpgradeEvent {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Uint8Array;
}

/**
 * Serves a request with an upgrade to a protocol that the server does not speak as the ordinary request that it also is.
 * Node before 24.9 stops reading HTTP for every `Upgrade`, so the connection begins again with the same request, whose
 * `Connection` no longer names the upgrade. Body, keep-alive and what was pipelined after it work as always.
 */
export function serveAsRequest(server: Http1Server, { request, socket, head }: UpgradeEvent): void {
  const begin = (http as { readonly _connectionListener?: (this: Http1Server, socket: Duplex) => void })
    ._connectionListener;
  // A request whose headers were cut at the limit may have lost the length of its body.
  if (begin === undefined || request.rawHeaders.length >= 2 * (server.maxHeadersCount ?? NODE_HEADERS)) {
    socket.destroy();
    return;
  }
  socket.unshift(Buffer.concat([Buffer.from(textOf(request), "latin1"), head]));
  begin.call(server, socket);
}

/** What Node reads of a request by default. */
const NODE_HEADERS = 2_000;

function textOf({ method = "GET", url = "/", httpVersion, rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    text += `${name}: ${name.toLowerCase() === "connection" ? withoutUpgrade(value) : value}\r\n`;
  }
  return `${text}\r\n`;
}

function withoutUpgrade(connection: string): string {
  const options = connection.split(",").map((option) => option.trim());
  return options.filter((option) => option.toLowerCase() !== "upgrade").join(", ");
}
