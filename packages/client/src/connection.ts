import type { HelloMessage, PublicUser, WelcomeMessage } from "@halyard/protocol";
import { ClientCloseCode, decodeFrame } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { Clock } from "./clock.js";
import { reduceConnection } from "./connection-state.js";
import type { ConnectionEvent, ConnectionState } from "./connection-state.js";
import type { Unsubscribe } from "./emitter.js";
import { Liveness } from "./liveness.js";
import type { WebSocketClientOptions } from "./options.js";
import { watchPage } from "./page.js";
import { Transport } from "./transport.js";

/** How long a server may say nothing, where its welcome does not tell. */
const SILENCE_MS = 35_000;

export interface ConnectionContext {
  readonly clock: Clock;
  readonly options: WebSocketClientOptions;
  /** What the server must know to go on where the last connection ended. */
  readonly hello: () => Pick<HelloMessage, "positions" | "rooms">;
  /** The server has let this client in. Throws when the welcome makes no sense. */
  readonly welcomed: (welcome: WelcomeMessage) => void;
  /** Another user than before is signed in: everything that was meant for the one before is void. */
  readonly userChanged: () => void;
  readonly received: (frame: Frame, size: number) => void;
  readonly stateChanged: (state: ConnectionState) => void;
  /** There is no connection any more, for now or for good. */
  readonly lost: () => void;
  readonly ended: () => void;
  readonly complain: (error: unknown) => void;
}

/** One user's connection through all of its sockets: what state it is in, and whether the page sleeps. */
export class Connection {
  readonly #context: ConnectionContext;
  readonly #transport: Transport;
  readonly #liveness: Liveness;
  #clientId = randomId();
  #state: ConnectionState = { status: "closed", code: ClientCloseCode.Closed, reason: "" };
  #user: PublicUser | undefined;
  #isWelcomed = false;
  #isHidden = false;
  #unwatch: Unsubscribe | undefined;

  constructor(context: ConnectionContext) {
    const { clock, options, complain } = context;
    this.#context = context;
    this.#liveness = new Liveness(clock, {
      ping: () => this.write('{"type":"ping"}'),
      dead: () => this.#transport.replace(),
    });
    this.#transport = new Transport({
      clock,
      options,
      complain,
      clientId: () => this.#clientId,
      dispatch: (event) => this.#dispatch(event),
      opened: () => this.#greet(),
      frame: (text) => this.#receive(text),
      lost: () => this.#lost(),
    });
  }

  /** Known to the server together with the user only. */
  get clientId(): string {
    return this.#clientId;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get user(): PublicUser | undefined {
    return this.#user;
  }

  get isWelcomed(): boolean {
    return this.#isWelcomed;
  }

  write(text: string): void {
    this.#transport.send(text);
  }

  /** Connects now, in place of whatever there is. */
  start(): void {
    this.#isHidden = false;
    this.#transport.start();
    const { page = globalThis } = this.#context.options;
    if (!("addEventListener" in page)) return;
    this.#unwatch ??= watchPage(page, {
      wake: () => this.#wake(),
      hide: () => this.#hide(),
      show: () => this.#show(),
    });
  }

  close(): void {
    this.#transport.drop(ClientCloseCode.Closed);
    this.#dispatch({ type: "stopped", code: ClientCloseCode.Closed, reason: "" });
  }

  #dispatch(event: ConnectionEvent): void {
    const before = this.#state;
    this.#state = reduceConnection(before, event);
    if (event.type === "stopped") {
      this.#unwatch?.();
      this.#unwatch = undefined;
      this.#context.ended();
    }
    if (this.#state !== before) this.#context.stateChanged(this.#state);
  }

  #greet(): void {
    const { hello, options } = this.#context;
    const { contract } = options;
    const attempt = this.#transport.attempt;
    this.write(JSON.stringify({ type: "hello", clientId: this.#clientId, attempt, contract, ...hello() }));
  }

  #receive(text: string): void {
    this.#liveness.heard();
    const frame = decodeFrame(text);
    if (typeof frame === "string") return;
    try {
      if (frame.type === "welcome") this.#welcome(frame as unknown as WelcomeMessage);
      else if (this.#isWelcomed || frame.type === "error") this.#context.received(frame, text.length);
    } catch {
      // A frame that is not what its type says. The application's own functions never throw up to here.
    }
  }

  #welcome(welcome: WelcomeMessage): void {
    const { user, heartbeat, channels } = welcome;
    const { timeoutMs } = heartbeat;
    // A server that took this client for a plain one has not read the hello yet: its next welcome counts.
    if (typeof user.userId !== "string" || Object.keys(channels).length === 0) return;
    if (this.#user && this.#user.userId !== user.userId) {
      this.#user = undefined;
      this.#clientId = randomId();
      this.#context.userChanged();
      return this.#transport.start();
    }
    this.#user = user;
    this.#isWelcomed = true;
    this.#transport.welcomed();
    this.#liveness.start(timeoutMs > 0 ? timeoutMs : SILENCE_MS);
    this.#context.welcomed(welcome);
    this.#dispatch({ type: "welcomed", user });
  }

  #lost(): void {
    this.#isWelcomed = false;
    this.#liveness.stop();
    this.#context.lost();
  }

  #wake(): void {
    this.#liveness.wake();
    this.#transport.hurry();
  }

  /** A page that may be kept for later must not hold a socket. */
  #hide(): void {
    if (this.#state.status === "closed" || this.#state.status === "authRequired") return;
    this.#isHidden = true;
    this.#transport.drop(ClientCloseCode.Leaving);
    this.#dispatch({ type: "delayed", attempt: 1, retryAt: this.#context.clock.now() });
  }

  #show(): void {
    if (this.#isHidden && this.#state.status === "waiting") this.start();
    else this.#wake();
  }
}

/** 128 random bits. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
