// A client's connection across all of its sockets: its state, the handshake of hello and welcome, and the sleep of the page.
// Created by the client, which it informs through ConnectionCallbacks; the other parts write to it.
// No frame reaches the client before the welcome, except errors, and a malformed frame never throws.
import { TokenBucket, dateOf } from "@halyard/protocol/internal";
import type { PublicUser, WelcomeMessage } from "@halyard/protocol";
import { messageIdOf } from "@halyard/protocol/wire";
import type { ClientCloseCode, Frame } from "@halyard/protocol/wire";
import type { Clock } from "../common/clock.ts";
import type { Unsubscribe } from "../common/emitter.ts";
import { isEqual } from "../common/is-equal.ts";
import type { WebSocketClientOptions } from "../options.ts";
import { causeOf } from "./connection-cause.ts";
import { reduceConnection } from "./connection-state.ts";
import type { ConnectionEvent, ConnectionState } from "./connection-state.ts";
import { Liveness } from "./liveness.ts";
import type { LivenessCallbacks } from "./liveness.ts";
import { watchPage } from "./page-lifecycle.ts";
import type { PageCallbacks } from "./page-lifecycle.ts";
import { Reconnector } from "./reconnector.ts";
import type { ReconnectorCallbacks } from "./reconnector-callbacks.ts";
import { DEFAULT_SEND_LIMITS } from "./send-limits.ts";
import type { SendLimits } from "./send-limits.ts";

/** The id of the hello, which identifies the welcome that answers it. */
const HELLO_ID = "h";

/** How long the server may be silent if its welcome names no time. */
const SILENCE_MS = 35_000;

// A literal, checked against the protocol's table by its type, so that the table itself is not in the bundle.
const CLOSED_BY_CLIENT: (typeof ClientCloseCode)["Closed"] = 1000;
const LOCAL = causeOf("local");
const CLOSED = { status: "closed", code: CLOSED_BY_CLIENT, reason: "", cause: LOCAL } as const;

export interface ConnectionCallbacks {
  /** The fields of the hello with which the server resumes: positions and rooms. */
  resumption(): object;
  /** Throws if the welcome is malformed. */
  onWelcome(welcome: WelcomeMessage): void;
  /** Another user has signed in: everything meant for the previous user must be dropped. */
  onUserChange(): void;
  onTransition(state: ConnectionState): void;
  /** @param size the length of the frame's text, roughly its bytes */
  onFrame(frame: Frame, size: number): void;
  onDisconnected(): void;
  /** Writes waiting frames, as far as the server's limits allow: the connection is about to close with the page. */
  flush(): void;
}

/** The connection as seen by the parts of a client that send frames. */
export interface FrameWriter {
  /** The server's limits. */
  readonly limits: SendLimits;
  /** Whether the state is `open`: the server has sent its welcome on the current socket. */
  readonly isOpen: boolean;
  /** Whether messages and requests are rejected: from `close()` or a final close code until the next start. */
  readonly isEnded: boolean;
  /**
   * Takes the cost of a frame of this size from the server's rates.
   *
   * @returns 0, or how long to wait, in milliseconds; then nothing was taken
   */
  take(bytes: number): number;
  /** Writes a frame, or drops it if no socket is open. */
  write(text: string): void;
}

export class Connection implements FrameWriter, ReconnectorCallbacks, LivenessCallbacks, PageCallbacks {
  readonly #clock: Clock;
  readonly #options: WebSocketClientOptions;
  readonly #callbacks: ConnectionCallbacks;
  readonly #reconnector: Reconnector;
  readonly #liveness: Liveness;
  #clientId: string | undefined;
  /** Counts the attempts under the client id. Of two connections of one client, the server keeps the one with the higher number. */
  attempt = 0;
  state: ConnectionState = CLOSED;
  user: PublicUser | undefined;
  limits: SendLimits = DEFAULT_SEND_LIMITS;
  isOpen = false;
  isEnded = false;
  /** One budget for all frames of this connection: sends, requests, joins, leaves and `authenticate`. */
  #rate = new TokenBucket(Infinity, Infinity, 0);
  #unwatchPage: Unsubscribe | undefined;

  constructor(clock: Clock, options: WebSocketClientOptions, callbacks: ConnectionCallbacks) {
    this.#clock = clock;
    this.#options = options;
    this.#callbacks = callbacks;
    this.#reconnector = new Reconnector(clock, options, this);
    this.#liveness = new Liveness(clock, this);
  }

  /**
   * Identifies this client to the server, together with the user. Created lazily, because workerd has no randomness while
   * a module loads.
   */
  get clientId(): string {
    return (this.#clientId ??= randomId());
  }

  set clientId(clientId: string | undefined) {
    this.#clientId = clientId;
    this.attempt = 0;
  }

  /** Connects now, replacing the current connection or attempt. */
  reconnect(): void {
    const { page = globalThis } = this.#options;
    this.isEnded = false;
    this.#reconnector.start();
    if ("addEventListener" in page) this.#unwatchPage ??= watchPage(page, this);
  }

  close(): void {
    this.transition(CLOSED);
  }

  take(bytes: number): number {
    const { messagesPerSecond, bytesPerSecond } = this.limits;
    // One token per message, or more if its bytes use a larger share of the byte rate.
    const cost = Math.max(1, (bytes / bytesPerSecond) * messagesPerSecond);
    return this.#rate.consume(this.#clock.now(), cost);
  }

  write(text: string): void {
    this.#reconnector.write(text);
  }

  transition(event: ConnectionEvent): void {
    const before = this.state;
    const state = (this.state = reduceConnection(before, event));
    const isClosed = state.status === "closed";
    // Runs before any listener, because a listener may start the client again at once.
    if (isClosed || state.status === "authRequired") this.#reconnector.disconnect(CLOSED_BY_CLIENT);
    // No server has let this client in. One that sees its first attempt knows that the client has begun nothing before.
    if (state.status === "authRequired" && !this.user) this.attempt = 0;
    if (isClosed) {
      this.#unwatchPage?.();
      this.#unwatchPage = undefined;
    }
    if (state !== before) this.#callbacks.onTransition(state);
  }

  onOpen(): void {
    const { clientId, attempt } = this;
    const { contract } = this.#options;
    const resumption = this.#callbacks.resumption();
    const hello = { type: "hello", clientId, attempt, contract, ...resumption, $: { id: HELLO_ID } };
    this.write(JSON.stringify(hello));
  }

  onText(text: string): void {
    this.#liveness.onActivity();
    try {
      const frame = JSON.parse(text) as Frame;
      // A server that treats this client as a plain one sends a welcome before it reads the hello. That welcome is
      // ignored.
      if (frame.type === "welcome" && frame.$?.re === HELLO_ID)
        this.#onWelcome(frame as unknown as WelcomeMessage);
      else if (this.isOpen || frame.type === "error") this.#callbacks.onFrame(frame, text.length);
    } catch {
      // The text is not JSON, or does not fit its type. Errors of the application's functions are never caught
      // here.
    }
  }

  onDisconnected(): void {
    this.isOpen = false;
    this.#liveness.stop();
    this.#callbacks.onDisconnected();
  }

  onDead(): void {
    this.#reconnector.replace();
  }

  wake(): void {
    if (this.isOpen) this.#liveness.wake();
    this.#reconnector.skipBackoff();
  }

  /** Closes the socket, because browsers do not keep a page with an open socket in the back-forward cache. */
  hide(): void {
    // Makes the other half of the burst available.
    this.#fillRate();
    this.#callbacks.flush();
    this.#reconnector.disconnect();
    this.transition({ status: "waiting", attempt: 1, retryAt: dateOf(this.#clock), cause: LOCAL });
  }

  show(): void {
    // While the page is watched, only `hide` has a local cause.
    if (this.state.cause === LOCAL) this.reconnect();
    else this.wake();
  }

  #onWelcome(welcome: WelcomeMessage): void {
    const { user, heartbeat } = welcome;
    const { timeoutMs } = heartbeat;
    if (typeof user.userId !== "string") return;
    const { state, user: known } = this;
    // `user` stays the same object until it changes.
    if (!isEqual(user, known)) this.user = user;
    if (known && known.userId !== user.userId) {
      this.#callbacks.onUserChange();
      // Unless a listener has closed the client.
      return this.state === state ? this.reconnect() : undefined;
    }
    this.#reconnector.onWelcome();
    this.#liveness.start(timeoutMs > 0 ? timeoutMs : SILENCE_MS);
    try {
      this.limits = { ...DEFAULT_SEND_LIMITS, ...welcome.limits } as SendLimits;
      this.#fillRate();
      this.#callbacks.onWelcome(welcome);
    } catch {
      // The welcome is malformed; that of another connection may be correct.
      this.#reconnector.replace();
    }
    // A listener may have closed the client meanwhile, or started it again.
    if (this.state !== state) return;
    this.isOpen = true;
    this.transition({ status: "open", user });
  }

  /**
   * Fills the bucket with half of the server's burst, at most one second of its rates: after a network stall,
   * frames arrive closer together than they were sent.
   */
  #fillRate(): void {
    const { messagesPerSecond, messageBurst, bytesPerSecond, byteBurst } = this.limits;
    const seconds = Math.min(2, messageBurst / messagesPerSecond, byteBurst / bytesPerSecond) / 2;
    this.#rate = new TokenBucket(messagesPerSecond, seconds * messagesPerSecond, this.#clock.now());
  }
}

/** 128 random bits as text. Uses the hash for message ids, which the bundle contains anyway, to keep the code small. */
function randomId(): string {
  return messageIdOf(crypto.getRandomValues(new Uint8Array(16)).join(), 0);
}
