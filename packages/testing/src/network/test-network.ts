// The test network: connects real clients to a real system in memory.
// Called by the tests of applications and of this repository.
// Guarantee: with a clock, no time passes by itself, and `settle` waits for everything that is pending.
import type { WebSocketClient, WebSocketClientOptions } from "@halyard/client";
import type { AnyProtocol, ServerMessage, ServerMessages } from "@halyard/protocol";
import { TEST_CONTROLS } from "@halyard/protocol/internal";
import { SUBPROTOCOL } from "@halyard/protocol/wire";
import type { Frame } from "@halyard/protocol/wire";
import type { Identity, WebSocketManager, WebSocketSystem } from "@halyard/server";
import { NetworkClient } from "./network-client.ts";
import { QuiescenceDetector } from "./quiescence-detector.ts";
import { TurnClock } from "../clock/test-clock.ts";
import type { TestClock } from "../clock/test-clock.ts";
import type { Traffic } from "./traffic.ts";

/** The options of {@link createTestNetwork}. */
export interface TestNetworkOptions {
  /** The clock of the system. The clients use it, too. @default real time */
  readonly clock?: TestClock | undefined;
  /**
   * How long to wait for a reply before the network counts as idle, in milliseconds of real time.
   * Without a `clock`, nothing at all may happen during this time. It must be longer than the slowest call of a handler to
   * something outside, such as a database.
   * @default 250
   */
  readonly quietMs?: number | undefined;
  /** The options of every client. @default the client's own defaults */
  readonly client?: TestClientOptions | undefined;
}

/** The options of `createWebSocketClient`, without those that the network sets. */
export type TestClientOptions = Omit<
  WebSocketClientOptions,
  "url" | "autoConnect" | "WebSocket" | "clock" | "fetch" | "ticket"
>;

/** A client of `@halyard/client`, with two more methods for tests. */
export interface TestClient<TProtocol extends AnyProtocol> extends WebSocketClient<TProtocol> {
  /**
   * The next message of a type: the oldest that this method has not returned yet, or the next one that arrives.
   *
   * @throws Error if the network is idle and none arrived; the text lists the messages that did arrive
   */
  next<TType extends keyof ServerMessages<TProtocol> & string>(
    type: TType,
  ): Promise<ServerMessage<TProtocol, TType>>;
  /** Breaks the connection without a close frame: the server sees 1006, and the client reconnects after its backoff. */
  cut(): void;
}

/** A server and its clients, connected in memory. */
export interface TestNetwork<TProtocol extends AnyProtocol, TIdentity extends Identity> {
  /**
   * Connects another client of a user. A second client of the same user is another device. `authenticate` is not called, so
   * it is not tested: the user is `{ id, … }`, and there is no session. To test `authenticate`, call it directly.
   *
   * @throws Error with the close code if the server rejects the connection
   */
  connect(user: Partial<TIdentity["user"]> & { readonly id: string }): Promise<TestClient<TProtocol>>;
  /**
   * Waits until no frame is on its way, no reply is due, no connection is opening, and collected presence changes have been
   * sent. The clock stands still meanwhile.
   */
  settle(): Promise<void>;
  /** Lets time pass, timer by timer, and settles after each one. @param ms milliseconds. @throws Error without a clock */
  advance(ms: number): Promise<void>;
  /** Closes every client for good. The system stays open. */
  close(): Promise<void>;
}

/**
 * Connects real clients to a real system in memory: without sockets and ports, and, with a clock, without waiting.
 *
 * Frames keep their order and never arrive within the call that sends them. `authenticate` is not called: the user is the
 * one that `connect` names. The default logger of the system writes nothing; a logger of your own does. Everything else
 * works as on a network.
 *
 * @throws TypeError if the clock is not the one of the system, or if there is none and the system has a test clock
 * @example
 * const clock = createTestClock();
 * const network = createTestNetwork(createWebSocketSystem({ clock }), { clock });
 * const ada = await network.connect({ id: "ada" });
 * ada.send("chat_message", { content: "hello" });
 * const { content } = await ada.next("chat_message");
 */
export function createTestNetwork<
  TProtocol extends AnyProtocol,
  TIdentity extends Identity,
  TData extends object = {},
>(
  system: Pick<WebSocketSystem<TProtocol, TIdentity, TData>, "manager" | "handlers">,
  options: TestNetworkOptions = {},
): TestNetwork<TProtocol, TIdentity> {
  return new MemoryNetwork(system.manager, options);
}

const QUIET_MS = 250;
/** How many errors of the server are kept, to explain why a message did not arrive. */
const MAX_ERRORS = 5;
const NO_CLOCK =
  "There is no clock to advance: make one with createTestClock(), and pass it to createWebSocketSystem({ clock }) and createTestNetwork(system, { clock })";
const FOREIGN_CLOCK =
  "The system has another clock: pass the same one to createWebSocketSystem({ clock }) and createTestNetwork(system, { clock })";

class MemoryNetwork<TProtocol extends AnyProtocol, TIdentity extends Identity> implements TestNetwork<
  TProtocol,
  TIdentity
> {
  readonly #manager: WebSocketManager<TProtocol>;
  readonly #options: TestNetworkOptions;
  readonly #traffic: Traffic = { inFlight: 0, count: 0 };
  readonly #clients = new Set<NetworkClient<TProtocol>>();
  readonly #quiescence: QuiescenceDetector;
  #errors: string[] = [];
  #advancing: Promise<void> | undefined;

  constructor(manager: WebSocketManager<TProtocol>, options: TestNetworkOptions) {
    const { clock, quietMs = QUIET_MS } = options;
    const controls = manager[TEST_CONTROLS]();
    const isForeign = clock === undefined ? controls.clock instanceof TurnClock : controls.clock !== clock;
    if (isForeign) throw new TypeError(FOREIGN_CLOCK);
    this.#manager = manager;
    controls.silence();
    this.#options = options;
    this.#quiescence = new QuiescenceDetector({
      traffic: this.#traffic,
      clock,
      quietMs,
      actors: this.#clients,
      announcePresence: controls.announcePresence,
    });
  }

  async connect({
    id: userId,
    ...profile
  }: Partial<TIdentity["user"]> & { readonly id: string }): Promise<TestClient<TProtocol>> {
    const manager = this.#manager;
    const client = new NetworkClient<TProtocol>({
      data: Object.assign(profile, { userId, protocol: SUBPROTOCOL }),
      server: {
        open: (ws) => manager.handleOpen(ws),
        message: (ws, text) => manager.handleMessage(ws, text),
        close: (ws, code) => manager.handleClose(ws, code),
      },
      traffic: this.#traffic,
      clock: this.#options.clock,
      options: this.#options.client ?? {},
      onError: (user, error) => this.#onError(user, error),
    });
    this.#clients.add(client);
    await client.welcomed(this.settle());
    return Object.assign(client.client, {
      next: <TType extends keyof ServerMessages<TProtocol> & string>(type: TType) =>
        this.#next(client, type) as Promise<ServerMessage<TProtocol, TType>>,
      cut: () => client.cut(),
    });
  }

  async settle(): Promise<void> {
    do {
      await this.#advancing;
      await this.#quiescence.settle();
    } while (this.#advancing);
  }

  async advance(ms: number): Promise<void> {
    const { clock } = this.#options;
    if (!clock) throw new Error(NO_CLOCK);
    const advancing = clock.advance(ms, () => this.#quiescence.settle());
    const ended = advancing
      .catch(() => {})
      .then(() => {
        if (this.#advancing === ended) this.#advancing = undefined;
      });
    this.#advancing = ended;
    await advancing;
  }

  async close(): Promise<void> {
    for (const { client } of this.#clients) client.close();
    await this.settle();
    this.#clients.clear();
  }

  #next(client: NetworkClient<TProtocol>, type: string): Promise<unknown> {
    return client.inbox.next(
      type,
      () => this.settle(),
      () => {
        const received = `No ${type} came to ${client.userId}, and nothing is under way. What came: ${client.inbox.summary()}.`;
        if (this.#errors.length === 0) return received;
        return `${received} What the server refused lately: ${this.#errors.join("; ")}.`;
      },
    );
  }

  #onError(userId: string, { code, message }: Frame): void {
    const line = `${userId}: ${String(code)}, ${String(message).replace(/\.$/, "")}`;
    this.#errors = [...this.#errors, line].slice(-MAX_ERRORS);
  }
}
