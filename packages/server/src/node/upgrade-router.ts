// Routes the upgrades and the plain requests of one HTTP server to the attachments of that server.
// Called by attachWebSocketServer. The router is a property of the server, so that another copy of this package finds it.
// Guarantees: the application's requests, and upgrades of other paths, reach its own listeners untouched; no socket error
// ends the process; an upgrade without an answer is refused.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { pathnameOf } from "../attach/request-path.ts";
import { wrongPathLine } from "../attach/wrong-path.ts";
import type { Http1Server } from "./http-server.ts";
import type { PlainRequest, PlainResponse } from "./plain-request.ts";
import { refuse, refuseUnlessTaken } from "./refuse-unless-taken.ts";
import type { UpgradeEvent } from "./serve-as-request.ts";
import { serveAsRequest } from "./serve-as-request.ts";
import { isHttpUpgrade, isWebSocketUpgrade } from "./upgrade-kind.ts";

/** Something attached to an HTTP server. Copies of this package in other versions call it, too. */
export interface Attachment {
  /** The path without a trailing slash; undefined when a function decides. */
  readonly path: string | undefined;
  /** The longest time that a handshake may take, in ms. */
  readonly handshakeMs: number;
  readonly hasPath: (request: PlainRequest) => boolean;
  /** Logs a warning. Missing in copies of earlier versions. */
  readonly warn?: (event: string, message: string) => void;
  /** @returns whether it was an upgrade for this path */
  readonly handleUpgrade: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => boolean;
  /** @returns whether it was a request for this path */
  readonly handleRequest: (request: PlainRequest, response: PlainResponse) => boolean;
}

/** The part of a router that other copies of this package use. If its shape changes, so must the symbol. */
interface Router {
  attach(attachment: Attachment): () => void;
}

const ROUTER: unique symbol = Symbol.for("halyard.upgrade-router.1");

type Emit = (event: string, ...values: unknown[]) => boolean;
type ShouldUpgrade = (request: IncomingMessage) => boolean;

interface RoutedServer extends Pick<Http1Server, "on" | "off" | "listeners" | "headersTimeout"> {
  emit: Emit;
  /** Node ≥ 24.9 calls it to decide whether a request with an `Upgrade` becomes an `upgrade` event. */
  shouldUpgradeCallback?: ShouldUpgrade;
  [ROUTER]?: Router;
}

/**
 * Adds an attachment to a server.
 *
 * @returns a function that detaches it
 * @throws TypeError when the path is taken
 */
export function attachTo(server: Http1Server, attachment: Attachment): () => void {
  const routed = server as unknown as RoutedServer;
  const router = routed[ROUTER] ?? new UpgradeRouter(server, routed);
  const detach = router.attach(attachment);
  routed[ROUTER] = router;
  return detach;
}

/** How long Node waits for the headers of a request by default, in ms. */
const NODE_HEADERS_MS = 60_000;

const REQUEST_EVENTS: ReadonlySet<string> = new Set(["request", "checkContinue", "checkExpectation"]);

class UpgradeRouter implements Router {
  readonly #httpServer: Http1Server;
  readonly #server: RoutedServer;
  readonly #attachments: Attachment[] = [];
  /** The replaced methods of the server, each with the function that restores it. */
  readonly #replaced = new Map<"emit" | "shouldUpgradeCallback", () => boolean>();
  #headersMs = NODE_HEADERS_MS;
  #hasWarned = false;

  constructor(httpServer: Http1Server, server: RoutedServer) {
    this.#httpServer = httpServer;
    this.#server = server;
  }

  attach(attachment: Attachment): () => void {
    const { path } = attachment;
    if (path !== undefined && this.#attachments.some((other) => other.path === path)) {
      throw new TypeError(`The path ${path} of this server is taken: give every attachment its own path`);
    }
    if (this.#attachments.length === 0) this.#begin();
    this.#attachments.push(attachment);
    this.#limitHeaders(attachment);
    return () => {
      const index = this.#attachments.indexOf(attachment);
      if (index === -1) return;
      this.#attachments.splice(index, 1);
      if (this.#attachments.length === 0) this.#end();
    };
  }

  #begin(): void {
    const server = this.#server;
    server.on("upgrade", ownListener);
    this.#replace(
      "emit",
      (emit) =>
        (event, ...values) =>
          this.#answers(event, values) || emit(event, ...values),
    );
    if (server.shouldUpgradeCallback === undefined) return;
    this.#replace("shouldUpgradeCallback", (decide) => (request) => this.#isUpgrade(request, decide));
  }

  /** Restores what the server had before the first attachment. */
  #end(): void {
    const server = this.#server;
    server.off("upgrade", ownListener);
    if (server.headersTimeout === this.#headersMs) server.headersTimeout = NODE_HEADERS_MS;
    this.#headersMs = NODE_HEADERS_MS;
    for (const [name, giveBack] of this.#replaced) if (giveBack()) this.#replaced.delete(name);
    if (this.#replaced.size === 0) Reflect.deleteProperty(server, ROUTER);
  }

  /** Replaces a method. If other code replaces it in turn, it stays in place, and the next attachment uses it. */
  #replace<TName extends "emit" | "shouldUpgradeCallback">(
    name: TName,
    wrap: (original: Required<RoutedServer>[TName]) => Required<RoutedServer>[TName],
  ): void {
    if (this.#replaced.has(name)) return;
    const server: Pick<Required<RoutedServer>, TName> = this.#server as Required<RoutedServer>;
    const own = Object.getOwnPropertyDescriptor(server, name);
    const replacement = wrap(server[name].bind(server) as Required<RoutedServer>[TName]);
    server[name] = replacement;
    this.#replaced.set(name, () => {
      if (server[name] !== replacement) return false;
      if (own === undefined) Reflect.deleteProperty(server, name);
      else Object.defineProperty(server, name, own);
      return true;
    });
  }

  /** Shortens the header time-out. A value that the application has set is kept. */
  #limitHeaders({ handshakeMs }: Attachment): void {
    const server = this.#server;
    if (server.headersTimeout !== this.#headersMs) return;
    const isFirst = this.#attachments.length === 1;
    this.#headersMs = isFirst ? handshakeMs : Math.min(handshakeMs, this.#headersMs);
    server.headersTimeout = this.#headersMs;
  }

  /** Whether an event of the server was handled here, so that the other listeners must not get it. */
  #answers(event: string, [request, ...values]: readonly unknown[]): boolean {
    if (this.#attachments.length === 0) return false;
    if (event === "upgrade") {
      const [socket, head] = values as [Duplex, Uint8Array];
      return this.#onUpgrade({ request: request as IncomingMessage, socket, head });
    }
    return (
      REQUEST_EVENTS.has(event) &&
      this.#attachments.some(({ handleRequest }) =>
        handleRequest(request as PlainRequest, values[0] as PlainResponse),
      )
    );
  }

  #onUpgrade(event: UpgradeEvent): boolean {
    const { request, socket, head } = event;
    if (!this.#isUpgrade(request)) {
      serveAsRequest(this.#httpServer, event);
      return true;
    }
    if (this.#attachments.some(({ handleUpgrade }) => handleUpgrade(request, socket, head))) return true;
    // Added before the other listeners are called, because a reset of a socket without an error listener would end the process.
    socket.on("error", ignoreError);
    if (this.#hasOtherListeners()) {
      refuseUnlessTaken(socket, Math.max(...this.#attachments.map(({ handshakeMs }) => handshakeMs)));
      return false;
    }
    this.#warnOfPath(request);
    refuse(socket);
    return true;
  }

  /** Warns once about an upgrade for a path that nothing serves. */
  #warnOfPath({ url = "/" }: IncomingMessage): void {
    const paths = this.#attachments.flatMap(({ path }) => path ?? []);
    if (this.#hasWarned || paths.length === 0) return;
    this.#hasWarned = true;
    const line = { paths, write: "attachWebSocketServer(server, { manager, path })" };
    this.#attachments[0]?.warn?.("wrong_path", wrongPathLine(pathnameOf(url), line));
  }

  /**
   * Whether a request with an `Upgrade` header is treated as an upgrade. Ordinary requests are: other upgrades for an
   * attached path, offers of other HTTP versions, and upgrades for which the application has no listener.
   */
  #isUpgrade(request: IncomingMessage, decide: ShouldUpgrade = () => true): boolean {
    if (this.#attachments.length === 0) return decide(request);
    if (this.#attachments.some(({ hasPath }) => hasPath(request))) return isWebSocketUpgrade(request);
    const isForOthers = this.#hasOtherListeners() && !isHttpUpgrade(request);
    return (isForOthers || isWebSocketUpgrade(request)) && decide(request);
  }

  #hasOtherListeners(): boolean {
    return this.#server.listeners("upgrade").some((listener) => listener !== ownListener);
  }
}

/** Does nothing: Node emits upgrades only if there is a listener, and the work is done before, in `emit`. */
const ownListener = (): void => undefined;

function ignoreError(): void {
  // A `close` event follows.
}
