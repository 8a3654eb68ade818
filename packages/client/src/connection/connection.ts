import type { PublicUser, WelcomeMessage } from "@halyard/protocol";
import { messageIdOf } from "@halyard/protocol/wire";
import type { ClientCloseCode, Frame } from "@halyard/protocol/wire";
import { systemClock } from "../common/clock.ts";
import type { Clock } from "../common/clock.ts";
import { reduceConnection } from "./connection-state.ts";
import type { ConnectionEvent, ConnectionState } from "./connection-state.ts";
import type { Unsubscribe } from "../common/emitter.ts";
import { Liveness } from "./liveness.ts";
import type { LivenessHost } from "./liveness.ts";
import type { WebSocketClientOptions } from "../options.ts";
import { watchPage } from "./page-lifecycle.ts";
import type { PageHandlers } from "./page-lifecycle.ts";
import { Scope } from "../messaging/message-scope.ts";
import { Transport } from "./reconnector.ts";
import type { TransportHost } from "./reconnector.ts";

/** What the hello is called, so that its own welcome is known. */
export const HELLO = "h";

/** How long a server may say nothing, where its welcome does not tell. */
const SILENCE_MS = 35_000;

// Written out, typed by the protocol's table: the table itself would be in every bundle.
const BY_US: (typeof ClientCloseCode)["Closed"] = 1000;
const CLOSED = { status: "closed", code: BY_US, reason: "" } as const;

/** One user's connection through all of its sockets: what state it is in, and whether the page sleeps. */
export abstract class Connection extends Scope implements TransportHost, LivenessHost, PageHandlers {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  readonly #transport: Transport;
  readonly #liveness: Liveness;
  /** Known to the server together with the user only. */
  clientId = randomId();
  state: ConnectionState = CLOSED;
  user: PublicUser | undefined;
  isWelcomed = false;
  #isHidden = false;
  #unwatch: Unsubscribe | undefined;

  constructor(options: WebSocketClientOptions) {
    super();
    const { clock = systemClock } = options;
    this.options = options;
    this.clock = clock;
    this.#transport = new Transport(this);
    this.#liveness = new Liveness(this);
  }

  /** There is a socket: the server must be told how to go on where the last connection ended. */
  abstract opened(attempt: number): void;
  /** Something of the application's own failed. */
  abstract complained(error: unknown): void;
  /** The server has let this client in. Throws when the welcome makes no sense. */
  protected abstract welcomed(welcome: WelcomeMessage): void;
  /** Another user than before is signed in: what was meant for the one before is void. */
  protected abstract userChanged(): void;
  protected abstract stateChanged(state: ConnectionState): void;
  protected abstract take(frame: Frame, size: number): void;

  write(text: string): void {
    this.#transport.send(text);
  }

  ping(): void {
    this.write('{"type":"ping"}');
  }

  /** Nobody is at the other end. */
  dead(): void {
    this.#transport.replace();
  }

  connect(): void {
    if (this.state.status === "closed") this.reconnect();
  }

  /** Connects now, in place of whatever there is. */
  reconnect(): void {
    const { page = globalThis } = this.options;
    this.#isHidden = false;
    this.#transport.start();
    if ("addEventListener" in page) this.#unwatch ??= watchPage(page, this);
  }

  close(): void {
    this.moved(CLOSED);
  }

  moved(event: ConnectionEvent): void {
    const before = this.state;
    const state = (this.state = reduceConnection(before, event));
    const isClosed = state.status === "closed";
    // Before anybody is told: whoever hears of it may start again at once.
    if (isClosed || state.status === "authRequired") this.#transport.drop(BY_US);
    if (isClosed) {
      this.#unwatch?.();
      this.#unwatch = undefined;
    }
    if (state !== before) this.stateChanged(state);
  }

  received(text: string): void {
    this.#liveness.heard();
    try {
      const frame = JSON.parse(text) as Frame;
      // A server that took this client for a plain one welcomes it before it reads the hello: that one does not count.
      if (frame.type === "welcome" && frame.$?.re === HELLO)
        this.#welcome(frame as unknown as WelcomeMessage);
      else if (this.isWelcomed || frame.type === "error") this.take(frame, text.length);
    } catch {
      // Not JSON, or not what its type says. The application's own functions never throw up to here.
    }
  }

  /** There is no connection any more, for now or for good. */
  lost(): void {
    this.isWelcomed = false;
    this.#liveness.stop();
  }

  #welcome(welcome: WelcomeMessage): void {
    const { user, heartbeat } = welcome;
    const { timeoutMs } = heartbeat;
    if (typeof user.userId !== "string") return;
    if (this.user && this.user.userId !== user.userId) {
      this.user = undefined;
      this.userChanged();
      this.clientId = randomId();
      return this.reconnect();
    }
    this.user = user;
    this.isWelcomed = true;
    this.#transport.welcomed();
    this.#liveness.start(timeoutMs > 0 ? timeoutMs : SILENCE_MS);
    try {
      this.welcomed(welcome);
    } catch {
      // It makes no sense: the next one may.
      this.#transport.replace();
    }
    this.#opened(user);
  }

  /** Whoever has heard of the welcome may have closed the client. */
  #opened(user: PublicUser): void {
    if (this.isWelcomed) this.moved({ status: "open", user });
  }

  wake(): void {
    this.#liveness.wake();
    this.#transport.hurry();
  }

  /** A page that may be kept for later must not hold a socket. */
  hide(): void {
    this.#isHidden = true;
    this.#transport.drop();
    this.moved({ status: "waiting", attempt: 1, retryAt: this.clock.now() });
  }

  show(): void {
    if (this.#isHidden && this.state.status === "waiting") this.reconnect();
    else this.wake();
  }
}

/** 128 random bits, hashed for want of a shorter way to write them down. */
function randomId(): string {
  return messageIdOf(crypto.getRandomValues(new Uint8Array(16)).join(), 0);
}
