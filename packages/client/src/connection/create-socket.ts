// Creates sockets, and limits how long they take to close, so that a process with a dead connection can end.
// Called by the reconnector for each attempt, and for each socket that is no longer the current one.
// The TCP connection ends at most 5 s after close(). In the build for browsers, create-socket.browser.ts replaces this file.
import type { Clock } from "../common/clock.ts";
import type { WebSocketConstructor } from "../options.ts";
import { readAnswer } from "./handshake-probe.ts";
import type { HandshakeAnswer } from "./handshake-probe.ts";
import type { Socket } from "./socket.ts";

const CLOSE_TIMEOUT_MS = 5_000;
/** Twice the largest message of the server, to leave room for the bytes around it. */
const MAX_MESSAGE_BYTES = 2 ** 21;

/** The event that Node's own WebSocket publishes for each request that it writes to a TCP connection. */
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

/** Creates a socket. Throws what the constructor throws. */
export function createSocket(WebSocket: WebSocketConstructor, url: string, subprotocols: string[]): Socket {
  // Only the package `ws` reads these options.
  const options = { maxPayload: MAX_MESSAGE_BYTES, closeTimeout: CLOSE_TIMEOUT_MS };
  const socket = new WebSocket(url, subprotocols, options) as Socket;
  watchRequest(socket, url);
  return socket;
}

/**
 * Node's own WebSocket has no `terminate()`, and would wait for minutes. Its TCP connection is only visible in a diagnostics
 * channel; the path of the request is unique, because it contains client id and attempt.
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

/** Limits how long a socket takes to close. May be called before or after `close()`. */
export function limitClosing(socket: Socket | undefined, clock: Clock): void {
  if (!socket?.terminate) return;
  const timer = clock.setTimeout(() => socket.terminate?.(), CLOSE_TIMEOUT_MS);
  socket.addEventListener("close", () => clock.clearTimeout(timer));
  // The TCP connection keeps the process alive; the timer must not.
  (timer as { unref?(): void }).unref?.();
}

/** Listens for the HTTP answer to a refused handshake, which only sockets of `ws` reveal. */
export function watchAnswer(socket: Socket, listener: (answer: HandshakeAnswer) => void): void {
  socket.on?.("unexpected-response", (_, { statusCode, headers }) => {
    listener(readAnswer(statusCode, (name) => headers[name]));
    socket.close();
  });
}
