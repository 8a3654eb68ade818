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
 * Serves a request that asks for an upgrade to an unsupported protocol as an ordinary request.
 * Node before 24.9 stops reading HTTP for every `Upgrade`, so the connection is read again from the same request, whose
 * `Connection` header no longer names the upgrade. Body, keep-alive and pipelined requests work as usual.
 */
export function serveAsRequest(server: Http1Server, { request, socket, head }: UpgradeEvent): void {
  const begin = (http as { readonly _connectionListener?: (this: Http1Server, socket: Duplex) => void })
    ._connectionListener;
  // If the headers were cut at the limit, the length of the body may be missing.
  if (begin === undefined || request.rawHeaders.length >= 2 * (server.maxHeadersCount ?? NODE_HEADERS)) {
    socket.destroy();
    return;
  }
  socket.unshift(Buffer.concat([Buffer.from(textOf(request), "latin1"), head]));
  begin.call(server, socket);
}

/** How many headers Node reads by default. */
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
