// Creates the sockets, and limits how long they take to close, so that a process with a dead line can end.
// Called by the reconnector for each attempt, and for each socket that is no longer the current one.
// 5 s after close() the TCP connection is gone. In the build for browsers, create-socket.browser.ts is in its place.
import type { Clock } from "../common/clock.ts";
import type { WebSocketConstructor } from "../options.ts";
import { readAnswer } from "./handshake-probe.ts";
import type { HandshakeAnswer } from "./handshake-probe.ts";
import type { Socket } from "./socket.ts";

const CLOSE_TIMEOUT_MS = 5_000;
/** Twice what the server sends at most: only the bytes around a message may exceed that. */
const MAX_MESSAGE_BYTES = 2 ** 21;

/** What Node's own WebSocket publishes with each request that it writes to a TCP connection. */
interface RequestEvent {
  readonly request: { readonly path: string };
  readonly socket: { destroy(): void };
}

interface DiagnosticsChannel {
  subscribe(name: string, listener: (event: RequestEvent) => void): void;
  unsubscribe(name: string, listener: (event: RequestEvent) => void): void;
}

interface NodeProcess {
  getBuiltinModule?(name: string): DiagnosticsChannel;
}

const REQUEST_WRITTEN = "undici:client:sendHeaders";

/** Throws what the constructor throws. */
export function createSocket(WebSocket: WebSocketConstructor, url: string, subprotocols: string[]): Socket {
  // Only the `ws` package reads the options.
  const options = { maxPayload: MAX_MESSAGE_BYTES, closeTimeout: CLOSE_TIMEOUT_MS };
  const socket = new WebSocket(url, subprotocols, options) as Socket;
  watchRequest(socket, url);
  return socket;
}

/**
 * Node's own WebSocket has no `terminate()`, and would wait for minutes. Its TCP connection shows in a diagnostics
 * channel only; the path of the request, with client id and attempt, is that of no other.
 */
function watchRequest(socket: Socket, url: string): void {
  const { process } = globalThis as { process?: NodeProcess };
  const channel = process?.getBuiltinModule?.("node:diagnostics_channel");
  if (socket.terminate || !channel) return;
  const onRequest = ({ request, socket: tcp }: RequestEvent) => {
    if (url.endsWith(request.path)) socket.terminate = () => tcp.destroy();
  };
  channel.subscribe(REQUEST_WRITTEN, onRequest);
  socket.addEventListener("close", () => channel.unsubscribe(REQUEST_WRITTEN, onRequest));
}

/** To be called after `close()`, or before it. */
export function limitClosing(socket: Socket, clock: Clock): void {
  if (!socket.terminate) return;
  const timer = clock.setTimeout(() => socket.terminate?.(), CLOSE_TIMEOUT_MS);
  socket.addEventListener("close", () => clock.clearTimeout(timer));
  // The TCP connection keeps the process alive, and nothing else may.
  (timer as { unref?(): void }).unref?.();
}

/** The HTTP answer to a refused handshake, which the sockets of `ws` show. */
export function watchAnswer(socket: Socket, listener: (answer: HandshakeAnswer) => void): void {
  socket.on?.("unexpected-response", (_, { statusCode, headers }) => {
    listener(readAnswer(statusCode, (name) => headers[name]));
    socket.close();
  });
}
