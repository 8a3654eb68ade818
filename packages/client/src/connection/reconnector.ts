// Decides whether, when and where the client connects next, and owns the current socket.
// Called by the connection, which it informs through ReconnectorCallbacks; the library behind it only opens sockets.
// Events of a replaced socket are ignored, and every wait, attempt and probe ends in bounded time.
import { isRecoverableClose, retryAfterOf } from "@halyard/protocol/wire";
import type { ClientCloseCode } from "@halyard/protocol/wire";
import { dateOf } from "@halyard/protocol/internal";
import type { Clock } from "../common/clock.ts";
import { Timer } from "../common/timer.ts";
import type { WebSocketClientOptions } from "../options.ts";
import { createSocket, limitClosing, watchAnswer } from "./create-socket.ts";
import { attemptUrl, subprotocolsFor } from "./connect-url.ts";
import { causeOf, causeOfClose, causeOfStatus } from "./connection-cause.ts";
import type { ConnectionCause } from "./connection-cause.ts";
import { PROBE_TIMEOUT_MS, probeHandshake, rejectionFrom } from "./handshake-probe.ts";
import type { HandshakeAnswer } from "./handshake-probe.ts";
import type { ReconnectorCallbacks } from "./reconnector-callbacks.ts";
import { openReconnectingSocket } from "./reconnecting-socket.ts";
import type { ReconnectingSocket } from "./reconnecting-socket.ts";
import { RetryDelay } from "./retry-delay.ts";
import type { Socket, SocketEvents } from "./socket.ts";

// A literal, checked against the protocol's table by its type, so that the table itself is not in the bundle.
const GOING_AWAY: (typeof ClientCloseCode)["Leaving"] = 3001;
const ABNORMAL_CLOSE = 1006;
export const CONNECT_TIMEOUT_MS = 10_000;
/** The age of an attempt that a page replaces when it wakes up. */
const STALE_MS = 1_000;
/** How long to wait for the close event after an error; most sockets emit it in the same task or soon after. */
const CLOSE_EVENT_MS = 1_000;

/**
 * Decides when to connect, and owns the socket. The library waits for its next socket while the reconnector waits, probes, and calls the
 * application's `url` and `ticket`. Close codes are read from the sockets themselves, because the library hides some of them.
 */
export class Reconnector {
  readonly #clock: Clock;
  readonly #options: WebSocketClientOptions;
  readonly #callbacks: ReconnectorCallbacks;
  /** Limits the wait, the attempt or the probe, only one of which runs at a time. */
  readonly #timer: Timer;
  readonly #retryDelay: RetryDelay;
  #current: ReconnectingSocket | undefined;
  #socket: Socket | undefined;
  /** The address of the last attempt that had one. */
  #url: string | undefined;
  /** The attempts since the last welcome or start; shown to the application. */
  #attemptsInRow = 0;
  #isOpen = false;
  #retryAt = 0;
  /** From when on a page that wakes up gets a new attempt at once, by the date: the clock may stand still while a machine sleeps. */
  #staleAt = Infinity;
  #probe: Promise<void> | undefined;

  constructor(clock: Clock, options: WebSocketClientOptions, callbacks: ReconnectorCallbacks) {
    this.#clock = clock;
    this.#options = options;
    this.#callbacks = callbacks;
    this.#timer = new Timer(clock);
    this.#retryDelay = new RetryDelay(clock, options.backoff);
  }

  /** Connects now, replacing the current connection or attempt. */
  start(): void {
    this.#launch();
    this.#attemptsInRow = 0;
    this.#callbacks.transition({ status: "started" });
  }

  /** Ends the current connection or attempt. A listener that is called here may start again at once. */
  disconnect(code: number = GOING_AWAY): void {
    const current = this.#current;
    const socket = this.#socket;
    this.#current = undefined;
    this.#forgetSocket();
    current?.close(code);
    // The socket may not have been passed to the library yet.
    socket?.close(code);
    limitClosing(socket, this.#clock);
  }

  /** Ends a connection that does not work, and reconnects after the usual wait. */
  replace(cause = causeOf(this.#isOpen ? "lost" : "unreachable")): void {
    this.#launch();
    this.#waitFor(this.#retryDelay.next(), cause);
  }

  /** Ends a wait, unless the server (and no proxy) asked for it, and an attempt that may have hung since before the page woke up. */
  skipBackoff(): void {
    this.#retryDelay.reset();
    if (dateOf(this.#clock) >= this.#staleAt) this.#launch();
  }

  /** Call when the server has sent its welcome: the attempt has succeeded. */
  onWelcome(): void {
    this.#timer.clear();
    this.#attemptsInRow = 0;
    this.#staleAt = Infinity;
    this.#retryDelay.onWelcome();
  }

  write(text: string): void {
    // A closing socket would drop the text, and browsers would log a warning.
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /** Ends the current connection or attempt, and begins the next one in a later turn. */
  #launch(): void {
    this.disconnect();
    this.#retryAt = 0;
    const launched: ReconnectingSocket = openReconnectingSocket(() =>
      this.#nextSocket(() => this.#current === launched),
    );
    this.#current = launched;
  }

  /** The socket of the next attempt, once it is due. Stays pending after `isCurrent` has become false. */
  async #nextSocket(isCurrent: () => boolean): Promise<Socket> {
    await this.#probe;
    while (isCurrent()) {
      // A late answer is about an earlier attempt.
      this.#probe = undefined;
      await this.#wait();
      try {
        const [url = "", ...subprotocols] = isCurrent() ? await this.#prepareAttempt() : [];
        if (isCurrent()) return this.#openSocket(url, subprotocols);
      } catch (error) {
        if (isCurrent()) this.#onPrepareError(error);
      }
    }
    return new Promise(() => {});
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => {
      const waitMs = this.#retryAt - this.#clock.now();
      if (waitMs > 0) this.#timer.set(waitMs, resolve);
      else resolve();
    });
  }

  /** @returns the address, and the subprotocols to offer there */
  async #prepareAttempt(): Promise<string[]> {
    const { connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    this.#staleAt = dateOf(this.#clock) + STALE_MS;
    this.#timer.set(connectTimeoutMs, () => this.replace());
    this.#callbacks.transition({
      status: "connecting",
      attempt: ++this.#attemptsInRow,
      cause: this.#callbacks.state.cause,
    });
    this.#url = await attemptUrl(this.#options, this.#callbacks);
    return [this.#url, ...subprotocolsFor(await this.#options.ticket?.())];
  }

  /**
   * Opens a socket, and listens until it has closed, because an error of `ws` without a listener would end the process. Throws if the
   * platform refuses to construct a socket, for example because of a content security policy.
   */
  #openSocket(url: string, subprotocols: string[]): Socket {
    const socket = (this.#socket = createSocket(this.#options, url, subprotocols));
    const on = <TName extends keyof SocketEvents>(
      type: TName,
      listener: (event: SocketEvents[TName]) => void,
    ) => {
      socket.addEventListener(type, (event) => {
        if (this.#socket === socket) listener(event);
      });
    };
    watchAnswer(socket, (answer) => {
      if (this.#socket === socket) this.#onHandshakeFailed(answer);
    });
    on("open", () => {
      this.#isOpen = true;
      this.#callbacks.onOpen();
    });
    on("message", ({ data }) => {
      if (typeof data === "string") this.#callbacks.onText(data);
    });
    on("error", () => {
      // After an error on an open socket, `ws` may emit the close late. Chromium emits none for a socket that the
      // page's content security policy forbids.
      if (this.#isOpen) this.replace();
      else this.#timer.set(CLOSE_EVENT_MS, () => this.replace());
    });
    on("close", ({ code, reason }) => this.#onClose(code, reason));
    return socket;
  }

  #onClose(code: number, reason: string): void {
    // Before the socket has opened, the code has no meaning: Bun uses 1002 for every failed handshake.
    if (!this.#isOpen) return this.#onHandshakeFailed();
    this.#forgetSocket();
    const cause = causeOfClose(code, reason);
    if (this.#isRejected(cause, code)) return;
    if (!isRecoverableClose(code)) return this.#stop(code, reason, cause);
    const serverMs = retryAfterOf(reason);
    this.#waitFor(this.#retryDelay.next(code, serverMs), cause, serverMs !== undefined);
  }

  /** @param answer the HTTP answer, if the socket reveals it */
  #onHandshakeFailed(answer?: HandshakeAnswer): void {
    this.#forgetSocket();
    const waitMs = this.#retryDelay.next();
    if (answer) return this.#onAnswer(answer, waitMs);
    this.#startProbe();
    this.#waitFor(waitMs, causeOf("unreachable"));
  }

  /** Acts on the answer to a handshake: stops, or waits as long as it says. */
  #onAnswer({ status, isHalyard, retryAfterMs }: HandshakeAnswer, waitMs: number): void {
    const cause = causeOfStatus(status);
    if (isHalyard && this.#isRejected(cause, status)) return;
    this.#waitFor(Math.max(waitMs, retryAfterMs || 0), cause, isHalyard && retryAfterMs >= 0);
  }

  /** Asks why the handshake failed. The next attempt waits for the answer, for 5 s at most. */
  #startProbe(): void {
    const probe = (this.#probe = new Promise((resolve) => {
      this.#timer.set(PROBE_TIMEOUT_MS, resolve);
      probeHandshake(this.#options, String(this.#url))
        .then((answer) => {
          if (answer && this.#probe === probe) this.#onAnswer(answer, this.#retryAt - this.#clock.now());
        })
        .then(resolve, resolve);
    }));
  }

  /** `url`, `ticket` or the constructor of the socket failed. */
  #onPrepareError(error: unknown): void {
    const { status, code } = Object(error) as Partial<Record<"status" | "code", unknown>>;
    const cause = causeOf("option", { message: String(error) });
    if (this.#isRejected(cause, status, code)) return;
    this.#options.onError?.(error);
    // A constant URL never becomes valid, for example a relative one during server rendering.
    const isFinal = !this.#url && typeof this.#options.url !== "function";
    if (isFinal) return this.#stop(ABNORMAL_CLOSE, "invalid URL", cause);
    this.#waitFor(this.#retryDelay.next(), cause);
  }

  /** Whether a status or code means that the credentials were rejected. Then no further attempt starts. */
  #isRejected(cause: ConnectionCause, ...signs: unknown[]): boolean {
    const reason = rejectionFrom(signs);
    if (reason) this.#callbacks.transition({ status: "authRequired", reason, cause });
    return reason !== undefined;
  }

  #stop(code: number, reason: string, cause: ConnectionCause): void {
    this.#callbacks.transition({ status: "closed", code, reason, cause });
  }

  #waitFor(waitMs: number, cause: ConnectionCause, isServerDelay = false): void {
    this.#staleAt = isServerDelay ? Infinity : 0;
    this.#retryAt = this.#clock.now() + waitMs;
    this.#callbacks.transition({
      status: "waiting",
      attempt: this.#attemptsInRow + 1,
      retryAt: dateOf(this.#clock) + waitMs,
      cause,
    });
  }

  /** Makes later events of the current socket, wait and probe be ignored. */
  #forgetSocket(): void {
    this.#socket = this.#probe = undefined;
    this.#isOpen = false;
    this.#staleAt = Infinity;
    this.#timer.clear();
    this.#callbacks.onDisconnected();
  }
}
