import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { ADDRESS_HEADER } from "./auth.ts";
import type { Fetch } from "./fetch.ts";
import { plain } from "./fetch.ts";

const MAX_BODY_BYTES = 64 * 1024;

/** Adapts a `fetch` handler to the requests and responses of Node. Bun needs no adapter. */
export function createNodeListener(fetch: Fetch, origin: string): RequestListener {
  return (incoming, outgoing) => {
    answer(incoming, fetch, origin)
      .catch(() => plain(500, "Something went wrong"))
      .then((response) => write(outgoing, response))
      .catch(() => outgoing.destroy());
  };
}

async function answer(incoming: IncomingMessage, fetch: Fetch, origin: string): Promise<Response> {
  const url = readUrl(incoming, origin);
  if (url === undefined) return plain(400, "Bad request");
  const method = incoming.method ?? "GET";
  // A `Request` cannot have this method.
  if (method === "TRACE") return plain(405, "Method not allowed");
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? await readBody(incoming) : null;
  if (body === undefined) return plain(413, "Too large");
  return fetch(new Request(url.href, { method, headers: readHeaders(incoming), body }));
}

/** The URL at the origin of the demo, not at the Host header. Joined as text, because a path `//host` would replace the origin. */
function readUrl({ url }: IncomingMessage, origin: string): URL | undefined {
  const whole = `${origin}${url ?? ""}`;
  return url?.startsWith("/") && URL.canParse(whole) ? new URL(whole) : undefined;
}

function readHeaders(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  headers.set(ADDRESS_HEADER, incoming.socket.remoteAddress ?? "");
  return headers;
}

async function readBody(incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

async function write(outgoing: ServerResponse, response: Response): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  const headers = new Map<string, string | string[]>(response.headers);
  headers.delete("set-cookie");
  // Each cookie gets a header of its own, because `Headers` joins them with commas.
  if (response.headers.getSetCookie().length > 0) headers.set("set-cookie", response.headers.getSetCookie());
  outgoing.writeHead(response.status, Object.fromEntries(headers)).end(body);
}
