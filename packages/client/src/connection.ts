import type { HelloMessage, PublicUser, WelcomeMessage } from "@halyard/protocol";
import { ClientCloseCode, messageIdOf } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { Clock } from "./clock.js";
import { reduceConnection } from "./connection-state.js";
import type { ConnectionEvent, ConnectionState } from "./connection-state.js";
import type { Unsubscribe } from "./emitter.js";
import { Liveness } from "./liveness.js";
import type { WebSocketClientOptions } from "./options.js";
import { watchPage } from "./page.js";
import { Transport } from "./transport.js";
import type { LivenessHost } from "./liveness.js";
import type { PageHandlers } from "./page.js";
import type { TransportHost } from "./transport.js";

/** What the hello is called, so that its own welcome is known. */
const HELLO = "h";

/** How long a server may say nothing, where its welcome does not tell. */
const SILENCE_MS = 35_000;

export interface ConnectionHost {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  /** What the server must know to go on where the last connection ended. */
  hello(): Pick<HelloMessage, "positions" | "rooms">;
  /** The server has let this client in. Throws when the welcome makes no sense. */
  welcomed(welcome: WelcomeMessage): void;
  /** Another user than before is signed in: what was meant for the one before is void. */
  userChanged(): void;
  received(frame: Frame, size: number): void;
  stateChanged(state: ConnectionState): void;
  /** There is no connection any more, for now or for good. */
  lost(): void;
  complained(error: unknown): void;
}

/** One user's connection through all of its sockets: what state it is in, and whether the page sleeps. */
export class Connection implements TransportHost, LivenessHost, PageHandlers {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  readonly #host: ConnectionHost;
  readonly #transport: Transport;
  readonly #liveness: Liveness;
  /** Known to the server together with the user only. */
  clientId = randomId();
  state: ConnectionState = { status: "closed", code: ClientCloseCode.Closed, reason: "" };
  user: PublicUser | undefined;
  isWelcomed = false;
  #isHidden = false;
  #unwatch: Unsubscribe | undefined;

  constructor(host: ConnectionHost) {
    this.#host = host;
    this.clock = host.clock;
    this.options = host.options;
    this.#transport = new Transport(this);
    this.#liveness = new Liveness(this);
  }

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

  /** Connects now, in place of whatever there is. */
  start(): void {
    const { page = globalThis } = this.options;
    this.#isHidden = false;
    this.#transport.start();
    if ("addEventListener" in page) this.#unwatch ??= watchPage(page, this);
  }

  close(): void {
    this.moved({ status: "closed", code: ClientCloseCode.Closed, reason: "" });
  }

  moved(event: ConnectionEvent): void {
    const before = this.state;
    this.state = reduceConnection(before, event);
    const isClosed = this.state.status === "closed";
    // Before anybody is told: whoever hears of it may start again at once.
    if (isClosed || this.state.status === "authRequired") this.#transport.drop(ClientCloseCode.Closed);
    if (isClosed) {
      this.#unwatch?.();
      this.#unwatch = undefined;
    }
    if (this.state !== before) this.#host.stateChanged(this.state);
  }

  opened(attempt: number): void {
    const { clientId } = this;
    const { contract } = this.options;
    const $ = { id: HELLO };
    this.write(JSON.stringify({ type: "hello", clientId, attempt, contract, ...this.#host.hello(), $ }));
  }

  received(text: string): void {
    this.#liveness.heard();
    try {
      const frame = JSON.parse(text) as Frame;
      // A server that took this client for a plain one welcomes it before it reads the hello: that one does not count.
      if (frame.type === "welcome" && frame.$?.re === HELLO)
        this.#welcome(frame as unknown as WelcomeMessage);
      else if (this.isWelcomed || frame.type === "error") this.#host.received(frame, text.length);
    } catch {
      // Not JSON, or not what its type says. The application's own functions never throw up to here.
    }
  }

  lost(): void {
    this.isWelcomed = false;
    this.#liveness.stop();
    this.#host.lost();
  }

  complained(error: unknown): void {
    this.#host.complained(error);
  }

  #welcome(welcome: WelcomeMessage): void {
    const { user, heartbeat } = welcome;
    const { timeoutMs } = heartbeat;
    if (typeof user.userId !== "string") return;
    if (this.user && this.user.userId !== user.userId) {
      this.user = undefined;
      this.#host.userChanged();
      this.clientId = randomId();
      return this.start();
    }
    this.user = user;
    this.isWelcomed = true;
    this.#transport.welcomed();
    this.#liveness.start(timeoutMs > 0 ? timeoutMs : SILENCE_MS);
    try {
      this.#host.welcomed(welcome);
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
    if (this.#isHidden && this.state.status === "waiting") this.start();
    else this.wake();
  }
}

/** 128 random bits, hashed for want of a shorter way to write them down. */
function randomId(): string {
  return messageIdOf(crypto.getRandomValues(new Uint8Array(16)).join(), 0);
}
