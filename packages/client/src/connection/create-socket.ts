// Creates sockets, and limits how long they take to close, so that a process with a dead connection can end.
// Called by the reconnector for each attempt, and for each socket that is no longer the current one.
// The TCP connection ends at most 5 s after close(). A ticket that a server has refused on a socket of `ws` is not offered again.
// In the build for browsers, create-socket.browser.ts replaces this file.
import type { Clock } from "../common/clock.ts";
import type { WebSocketClientOptions } from "../options.ts";
import { socketClassOf } from "./connect-url.ts";
import { readAnswer, rejectionFrom } from "./handshake-probe.ts";
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

interface Offer {
  readonly client: WebSocketClientOptions;
  readonly ticket: string;
}

const offers = new WeakMap<Socket, Offer>();
/** The ticket of a client that was refused, until another one is accepted or refused. */
const refusals = new WeakMap<WebSocketClientOptions, { readonly ticket: string; readonly status: number }>();

/**
 * Creates a socket. Throws what the constructor throws. For a ticket that the server has just refused, the socket is one that is refused.
 *
 * @param client the options of a client, the same object for each of its sockets
 */
export function createSocket(client: WebSocketClientOptions, url: string, subprotocols: string[]): Socket {
  const [, ticket] = subprotocols;
  const refusal = refusals.get(client);
  if (refusal !== undefined && refusal.ticket === ticket) {
    refusals.delete(client);
    return refusedSocket(refusal.status);
  }
  const WebSocket = socketClassOf(client);
  // Only the package `ws` reads these options.
  const options = { maxPayload: MAX_MESSAGE_BYTES, closeTimeout: CLOSE_TIMEOUT_MS };
  const socket = new WebSocket(url, subprotocols, options) as Socket;
  if (ticket !== undefined) offers.set(socket, { client, ticket });
  socket.addEventListener("open", () => refusals.delete(client));
  watchRequest(socket, url);
  return socket;
}

function refusedSocket(statusCode: number): Socket {
  const headers = { halyard: "1" };
  return {
    readyState: 3,
    send: () => {},
    close: () => {},
    addEventListener: () => {},
    on: (_, listener) => queueMicrotask(() => listener(undefined, { statusCode, headers })),
  };
}

/**
 * Node's own WebSocket has no `terminate()`, and would wait for minutes. Its TCP connection is only visible in a diagnostics
 * channel; the path of the request is unique, because it contains client id and attempt.
 */
function watchRequest(socket: Socket, url: string): void {
  const { process } = globalThis as { process?: NodeProcess };
  const channel = process?.getBuiltinModule?.("node:diagnostics_channel");
  if (socket.terminate || !channel) return;
  const { pathname, search } = new URL(url);
  const onRequest = ({ request, socket: tcp }: RequestEvent) => {
    if (request.path.endsWith(pathname + search)) socket.terminate = () => tcp.destroy();
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

/**
 * Listens for the HTTP answer to a refused handshake, which only sockets of `ws` reveal. The first refusal of a ticket is passed on as an
 * answer that does not come from Halyard, so that the client tries again with a new ticket: this one may have expired on its way.
 */
export function watchAnswer(socket: Socket, listener: (answer: HandshakeAnswer) => void): void {
  socket.on?.("unexpected-response", (_, { statusCode, headers }) => {
    const answer = readAnswer(statusCode, (name) => headers[name]);
    const isFirst = answer.isHalyard && noteRefusal(offers.get(socket), statusCode);
    listener(isFirst ? { ...answer, isHalyard: false } : answer);
    socket.close();
  });
}

/** @returns whether the server has refused the ticket, and none right before */
function noteRefusal(offer: Offer | undefined, status: number): boolean {
  if (!offer || !rejectionFrom([status])) return false;
  const { client, ticket } = offer;
  if (refusals.delete(client)) return false;
  refusals.set(client, { ticket, status });
  return true;
}
