// Decides whether, when and where the client connects next, and owns the current socket.
// Called by the connection, which it informs through ReconnectorCallbacks; the library behind it only opens sockets.
// Events of a replaced socket are ignored, and every wait, attempt and probe ends in bounded time.
import { isRecoverableClose, retryAfterOf } from "@halyard/protocol/wire";
import type { ClientCloseCode } from "@halyard/protocol/wire";
import { dateOf } from "../common/clock.ts";
import type { Clock } from "../common/clock.ts";
import { errorReporter } from "../common/error-reporter.ts";
import { Timer } from "../common/timer.ts";
import type { WebSocketClientOptions, WebSocketConstructor } from "../options.ts";
import { resolveUrl, subprotocolsFor } from "./connect-url.ts";
import type { ConnectionEvent } from "./connection-state.ts";
import { probeHandshake, rejectionFrom } from "./handshake-probe.ts";
import { openReconnectingSocket } from "./reconnecting-socket.ts";
import type { ReconnectingSocket } from "./reconnecting-socket.ts";
import { RetryDelay } from "./retry-delay.ts";
import type { Socket, SocketEvents } from "./socket.ts";

// Written out, typed by the protocol's table: the table itself would be in every bundle.
const GOING_AWAY: (typeof ClientCloseCode)["Leaving"] = 3001;
const ABNORMAL_CLOSE = 1006;
/** The HTTP status of a handshake that succeeded. */
const SWITCHING_PROTOCOLS = 101;
const CONNECT_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;
const MAX_MESSAGE_BYTES = 2 ** 20;

export interface ReconnectorCallbacks {
  readonly clientId: string;
  transition(event: ConnectionEvent): void;
  /** A socket is open. `attempt` is the number that the server knows this connection by. */
  onOpen(attempt: number): void;
  onText(text: string): void;
  /** The current socket or attempt is no longer current. */
  onDisconnected(): void;
}

/**
 * The library waits for its next address while the reconnector waits with full jitter, probes, and calls the
 * application's `url` and `ticket`. Close codes are read from the sockets themselves, because the library hides some.
 */
export class Reconnector {
  readonly #clock: Clock;
  readonly #options: WebSocketClientOptions;
  readonly #callbacks: ReconnectorCallbacks;
  /** Limits the wait, the attempt or the probe: only one of them runs at a time. */
  readonly #timer: Timer;
  readonly #retryDelay = new RetryDelay();
  #current: ReconnectingSocket | undefined;
  #socket: Socket | undefined;
  #subprotocols: string[] = [];
  /** The address of the last attempt that had one. */
  #url: string | undefined;
  /** All attempts of this client. Of two connections of one client, the server keeps the one with the higher number. */
  #attempt = 0;
  /** The attempts since the last welcome or start, which the application sees. */
  #attemptsInRow = 0;
  /** The HTTP status of the current handshake, as far as it is known. */
  #handshakeStatus: unknown;
  #retryAt = 0;
  /** Whether the server named `retryAt`: then the page's waking up does not shorten the wait. */
  #isServerDelay = false;
  #probe: Promise<void> | undefined;
  #resolveWait: (() => void) | undefined;

  constructor(clock: Clock, options: WebSocketClientOptions, callbacks: ReconnectorCallbacks) {
    this.#clock = clock;
    this.#options = options;
    this.#callbacks = callbacks;
    this.#timer = new Timer(clock);
  }

  /** Connects now, in place of the current connection or attempt. */
  start(): void {
    this.disconnect();
    this.#retryAt = this.#attemptsInRow = 0;
    this.#launch();
    this.#callbacks.transition({ status: "started" });
  }

  /** Ends the current connection or attempt. A listener that is called here may start again at once. */
  disconnect(code: number = GOING_AWAY): void {
    const current = this.#current;
    this.#current = undefined;
    this.#forgetSocket();
    current?.close(code);
  }

  /** Ends a connection that does not work, and connects again after the usual wait. */
  replace(): void {
    this.disconnect();
    this.#launch();
    this.#retry(ABNORMAL_CLOSE);
  }

  /** Ends a wait that the server has not asked for. */
  skipBackoff(): void {
    if (this.#isServerDelay) return;
    this.#retryAt = 0;
    this.#resolveWait?.();
  }

  /** The attempt has succeeded: the server has sent its welcome. */
  onWelcome(): void {
    this.#timer.clear();
    this.#attemptsInRow = 0;
    this.#retryDelay.onWelcome(this.#clock.now());
  }

  write(text: string): void {
    // A closing socket would drop the text, and browsers log a warning.
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  #launch(): void {
    const { WebSocket = (globalThis as Partial<typeof globalThis>).WebSocket } = this.#options;
    if (!WebSocket) throw new TypeError("No WebSocket here: pass one in the options");
    const launched: ReconnectingSocket = openReconnectingSocket(
      () => this.#nextUrl(() => this.#current === launched),
      (url) => this.#openSocket(WebSocket, url),
    );
    this.#current = launched;
  }

  /** The address of the next attempt, once it is due. Stays pending after `isCurrent` has become false. */
  async #nextUrl(isCurrent: () => boolean): Promise<string> {
    await this.#probe;
    while (isCurrent()) {
      await this.#wait();
      try {
        const [url = "", ...subprotocols] = isCurrent() ? await this.#prepareAttempt() : [];
        if (isCurrent()) {
          this.#subprotocols = subprotocols;
          return url;
        }
      } catch (error) {
        if (isCurrent()) this.#onPrepareError(error);
      }
    }
    return new Promise(() => {});
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const waitMs = this.#retryAt - this.#clock.now();
      if (waitMs <= 0) return resolve();
      this.#resolveWait = resolve;
      this.#timer.set(waitMs, resolve);
    });
  }

  /** @returns the address, and the subprotocols to offer there */
  async #prepareAttempt(): Promise<string[]> {
    const { url, ticket, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    const { clientId } = this.#callbacks;
    const attempt = ++this.#attempt;
    this.#resolveWait = undefined;
    this.#timer.set(connectTimeoutMs, () => this.replace());
    this.#callbacks.transition({ status: "connecting", attempt: ++this.#attemptsInRow });
    const resolved = resolveUrl(typeof url === "function" ? await url() : url);
    resolved.searchParams.set("c", clientId);
    resolved.searchParams.set("a", `${attempt}`);
    this.#url = resolved.href;
    return [resolved.href, ...subprotocolsFor(await ticket?.())];
  }

  #openSocket(WebSocket: WebSocketConstructor, url: string): Socket | undefined {
    this.#socket = undefined;
    try {
      // Only the `ws` package reads `maxPayload`.
      const socket = new WebSocket(url, this.#subprotocols, { maxPayload: MAX_MESSAGE_BYTES }) as Socket;
      this.#listen(socket);
      this.#socket = socket;
    } catch {
      // The platform refuses to construct a socket, for example under a content security policy.
      this.#timer.set(0, () => this.replace());
    }
    return this.#socket;
  }

  /** Listens for as long as the socket lives: an error of `ws` without a listener would end the process. */
  #listen(socket: Socket): void {
    const on = <TName extends keyof SocketEvents>(
      type: TName,
      listener: (event: SocketEvents[TName]) => void,
    ) => {
      socket.addEventListener(type, (event) => {
        if (this.#socket === socket) listener(event);
      });
    };
    on("open", () => {
      this.#handshakeStatus = SWITCHING_PROTOCOLS;
      this.#callbacks.onOpen(this.#attempt);
    });
    on("message", ({ data }) => {
      if (typeof data === "string") this.#callbacks.onText(data);
    });
    on("error", ({ message }) => {
      // After an error on an open socket, `ws` may take 30 s to emit the close.
      if (this.#handshakeStatus) this.replace();
      else this.#handshakeStatus = /response: (\d+)/.exec(String(message))?.[1];
    });
    on("close", ({ code, reason }) => this.#onClose(code, reason));
  }

  #onClose(code: number, reason: string): void {
    const status = this.#handshakeStatus;
    this.#forgetSocket();
    if (this.#isRejected(code, status)) return;
    if (!isRecoverableClose(code)) return this.#callbacks.transition({ status: "closed", code, reason });
    if (status !== SWITCHING_PROTOCOLS) this.#probe = this.#startProbe();
    this.#retry(code, retryAfterOf(reason));
  }

  /** Asks why the handshake failed. Resolves after 5 s at the latest. */
  #startProbe(): Promise<void> | undefined {
    const probed = this.#current;
    const { WebSocket, fetch = WebSocket ? undefined : globalThis.fetch, ticket } = this.#options;
    // A WebSocket class of the application's may send credentials that the platform's fetch does not have.
    if (!fetch) return undefined;
    return new Promise<void>((resolve) => {
      this.#timer.set(PROBE_TIMEOUT_MS, resolve);
      void probeHandshake(fetch, String(this.#url))
        .then(({ status, retryAfterMs }) => {
          // The probe carries no ticket, so 401 says nothing about a client that has one.
          const isAnswer = this.#current === probed && !(ticket && status === 401);
          if (isAnswer && !this.#isRejected(status) && retryAfterMs >= 0) this.#waitFor(retryAfterMs, true);
        })
        .then(resolve, resolve);
    });
  }

  /** `url` or `ticket` failed. */
  #onPrepareError(error: unknown): void {
    const { url, onError } = this.#options;
    const { status, code } = Object(error) as Partial<Record<"status" | "code", unknown>>;
    if (this.#isRejected(status, code)) return;
    // A URL that never changes never becomes valid: a relative one on a server that renders the page, for example.
    if (!this.#url && typeof url !== "function")
      return this.#callbacks.transition({ status: "closed", code: ABNORMAL_CLOSE, reason: "invalid URL" });
    if (onError) errorReporter(this.#clock, onError)(error);
    this.#retry(ABNORMAL_CLOSE);
  }

  /** Whether one of the causes rejects the credentials. Then no further attempt starts. */
  #isRejected(...causes: unknown[]): boolean {
    const reason = rejectionFrom(causes);
    if (reason) this.#callbacks.transition({ status: "authRequired", reason });
    return reason !== undefined;
  }

  #retry(code: number, retryAfterMs?: number): void {
    const waitMs = this.#retryDelay.next(code, this.#clock, this.#options.backoff);
    this.#waitFor(retryAfterMs ?? waitMs, retryAfterMs !== undefined);
  }

  #waitFor(waitMs: number, isServerDelay: boolean): void {
    this.#isServerDelay = isServerDelay;
    this.#retryAt = this.#clock.now() + waitMs;
    this.#callbacks.transition({
      status: "waiting",
      attempt: this.#attemptsInRow + 1,
      retryAt: dateOf(this.#clock) + waitMs,
    });
  }

  /** From here on, events of the current socket, wait and probe are ignored. */
  #forgetSocket(): void {
    this.#socket = this.#resolveWait = this.#probe = this.#handshakeStatus = undefined;
    this.#timer.clear();
    this.#callbacks.onDisconnected();
  }
}
