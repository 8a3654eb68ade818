// Writes HTTP requests on a bare TCP connection, also those that no HTTP client sends.
// The suites call `handshake` for the exact answer to an upgrade; attacks and the fuzzer write the request texts themselves.
// Headers are written in the given order, without a check.
import { connect } from "node:net";
import { within } from "./wait.ts";

export type Header = readonly [name: string, value: string];

export interface HandshakeOptions {
  readonly port: number;
  /** @default /ws */
  readonly target?: string;
  /** @default GET */
  readonly method?: string;
  /** The Unix socket to connect to, in place of the port. @default none */
  readonly socketPath?: string | undefined;
  /** The `Host` header. @default 127.0.0.1 and the port */
  readonly host?: string;
  /** The headers after those of every upgrade, in this order. @default none */
  readonly headers?: readonly Header[];
  /** Whether this is a plain HTTP request, without the headers of an upgrade. @default false */
  readonly plain?: boolean;
  /** The local address that the connection comes from. @default 127.0.0.1 */
  readonly localAddress?: string;
}

export interface HandshakeAnswer {
  /** 0 when the server closed the connection without an answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** The bytes after the head of the answer: a body, or frames. */
  readonly rest: Buffer;
}

export interface RequestLine {
  /** @default GET */
  readonly method?: string;
  /** @default /ws */
  readonly target?: string;
  /** @default 1.1 */
  readonly version?: string;
}

export const WEBSOCKET_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** The headers that every upgrade has. */
export const UPGRADE_HEADERS: readonly Header[] = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", WEBSOCKET_KEY],
];

/** The text of a request without a body. */
export function requestText(headers: readonly Header[], line: RequestLine = {}): string {
  const { method = "GET", target = "/ws", version = "1.1" } = line;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/${version}\r\n${lines.join("")}\r\n`;
}

/** The text of an upgrade with these headers after those of every upgrade. */
export function upgradeText(headers: readonly Header[] = [], target = "/ws"): string {
  return requestText([["Host", "x"], ...UPGRADE_HEADERS, ...headers], { target });
}

/** Writes a request on a TCP connection of its own, and returns the answer once it is complete. */
export async function handshake({
  port,
  target = "/ws",
  method = "GET",
  headers = [],
  plain = false,
  localAddress = "127.0.0.1",
  host = `127.0.0.1:${String(port)}`,
  socketPath,
}: HandshakeOptions) {
  const socket = connect(
    socketPath === undefined ? { host: "127.0.0.1", port, localAddress } : { path: socketPath },
  );
  socket.write(
    requestText([["Host", host], ...(plain ? [] : UPGRADE_HEADERS), ...headers], { method, target }),
  );
  const chunks: Buffer[] = [];
  const answered = new Promise<HandshakeAnswer>((resolve) => {
    const finish = () => {
      resolve(parse(Buffer.concat(chunks)));
    };
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      if (isComplete(Buffer.concat(chunks))) finish();
    });
    socket.on("error", finish);
    socket.on("close", finish);
  });
  try {
    return await within(answered, () => `an answer to ${method} ${target}`);
  } finally {
    socket.destroy();
  }
}

const END = "\r\n\r\n";

function isComplete(data: Buffer): boolean {
  if (!data.includes(END)) return false;
  const { headers, rest } = parse(data);
  return rest.length >= Number(headers.get("content-length") ?? 0);
}

function parse(data: Buffer): HandshakeAnswer {
  const end = data.indexOf(END);
  if (end === -1) return { status: 0, headers: new Map(), rest: data };
  const [first = "", ...lines] = data.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { status: Number(first.split(" ")[1]), headers, rest: data.subarray(end + END.length) };
}
