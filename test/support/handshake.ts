import { connect } from "node:net";
import { within } from "./wait.ts";

export interface HandshakeOptions {
  readonly port: number;
  readonly target?: string;
  readonly method?: string;
  /** As they are written, in order; on top of those that every upgrade needs. */
  readonly headers?: readonly (readonly [string, string])[];
  /** A plain HTTP request in place of an upgrade. */
  readonly plain?: boolean;
  /** An address of this machine to come from. */
  readonly localAddress?: string;
}

export interface HandshakeAnswer {
  /** 0 when the server closed the connection without an answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Everything after the head, as it came: a body, or frames. */
  readonly rest: Buffer;
}

const UPGRADE = [
  ["Connection", "Upgrade"],
  ["Upgrade", "websocket"],
  ["Sec-WebSocket-Version", "13"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
] as const;

/** Writes a request by hand on a bare TCP connection, and returns what came back by the time it was complete. */
export async function handshake({
  port,
  target = "/ws",
  method = "GET",
  headers = [],
  plain = false,
  localAddress = "127.0.0.1",
}: HandshakeOptions) {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  const lines = [["Host", `127.0.0.1:${String(port)}`], ...(plain ? [] : UPGRADE), ...headers];
  socket.write(
    `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`,
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
